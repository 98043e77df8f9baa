"""Which two results may be compared, and how."""

from dataclasses import replace

import numpy as np
import pytest
from store_examples import example_environment, example_run
from support.loads import SERVER, a_window
from support.measured import a_case, a_result

from tierbench.harness.compare import COLUMNS, HISTORY_MIN, compare
from tierbench.harness.errors import NotComparable, NotFound
from tierbench.harness.pairing import BETWEEN_RUNS, Verdict
from tierbench.harness.store import Store
from tierbench.harness.values import Scenario, Status, Workload

DRIFT = 1000 * np.exp(0.2 * np.sin(np.arange(60) / 9))
"""A machine whose speed changes by 20 %, as seen by all of its cases."""


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as opened:
        for number, run in enumerate(("base", "candidate")):
            opened.add_run(example_run(run, started_at_ns=number))
        yield opened


def noisy(seed: int, level: float = 1000.0, n: int = 60) -> np.ndarray:
    return level * np.exp(np.random.default_rng(seed).normal(0, 0.01, n))


def add(store: Store, run: str, name: str, medians, **changes):
    made = a_result(run, a_case(name), medians_us=medians, **changes)
    store.add_result(made)
    return made


def both(store: Store, one, other):
    """Add two cases of one run and return how they compare."""
    before = add(store, "base", "fp32", one)
    after = add(store, "base", "int8", other)
    names = (f"base:{before.case.key[:12]}", f"base:{after.case.key[:12]}")
    (line,) = compare(store, *names)
    return line


def test_cases_of_one_run_are_compared_round_by_round(store) -> None:
    """A drift larger than the difference cancels, since both met it."""
    line = both(store, DRIFT * noisy(1, 1.0), DRIFT * noisy(2, 1.05))
    found = line.comparison
    assert found.paired
    assert found.n >= 50
    assert found.verdict is Verdict.SLOWER
    assert found.ratio == pytest.approx(1.05, abs=0.01)
    assert found.interval.low > 1.03


def test_only_rounds_that_both_have_are_paired(store) -> None:
    whole = noisy(1)
    before = add(store, "base", "fp32", whole)
    later = a_result("base", a_case("int8"), medians_us=noisy(2))
    moved = [replace(block, round=block.round + 40) for block in later.blocks]
    store.add_result(replace(later, blocks=tuple(moved)))
    (line,) = compare(
        store, f"base:{before.case.key[:12]}", f"base:{later.case.key[:12]}"
    )
    assert line.comparison.paired
    assert line.comparison.n == 20


def test_cases_that_share_no_round_are_not_paired(store) -> None:
    before = add(store, "base", "fp32", noisy(1))
    later = a_result("base", a_case("int8"), medians_us=noisy(2))
    moved = [replace(block, round=block.round + 1000) for block in later.blocks]
    store.add_result(replace(later, blocks=tuple(moved)))
    (line,) = compare(store, f"base:{before.case.key}", f"base:{later.case.key}")
    assert not line.comparison.paired


def test_equal_rounds_of_two_machines_are_not_the_same_time(store) -> None:
    before = add(store, "base", "fp32", noisy(1))
    elsewhere = example_environment(device="another board")
    after = add(store, "base", "int8", noisy(2), environment=elsewhere)
    (line,) = compare(store, f"base:{before.case.key}", f"base:{after.case.key}")
    assert not line.comparison.paired


def test_two_runs_are_compared_with_what_runs_differ_by(store) -> None:
    add(store, "base", "fp32", noisy(1))
    add(store, "candidate", "fp32", noisy(2, 1050.0))
    (line,) = compare(store, "base", "candidate")
    found = line.comparison
    assert not found.paired
    assert found.verdict is Verdict.SAME, "5 % is within what runs differ by"
    assert found.interval.low < 1 - BETWEEN_RUNS
    assert found.interval.high > 1.05 + BETWEEN_RUNS


def test_a_large_change_between_runs_is_called(store) -> None:
    add(store, "base", "fp32", noisy(1))
    add(store, "base", "int8", noisy(2, 3000.0))
    add(store, "candidate", "fp32", noisy(3, 2000.0))
    add(store, "candidate", "int8", noisy(4, 1000.0))
    verdicts = {
        line.candidate.split()[0]: line.comparison.verdict
        for line in compare(store, "base", "candidate")
    }
    assert verdicts == {"defect/fp32": Verdict.SLOWER, "defect/int8": Verdict.FASTER}


def test_a_quiet_history_narrows_the_interval(store) -> None:
    for number in range(HISTORY_MIN):
        store.add_run(example_run(f"night{number}"))
        add(store, f"night{number}", "fp32", noisy(10 + number))
    add(store, "base", "fp32", noisy(1))
    add(store, "candidate", "fp32", noisy(2, 1050.0))
    (line,) = compare(store, "base", "candidate")
    assert line.comparison.verdict is Verdict.SLOWER


def test_history_of_another_environment_says_nothing(store) -> None:
    other = example_environment(runtime_version="old")
    for number in range(HISTORY_MIN):
        store.add_run(example_run(f"night{number}"))
        add(store, f"night{number}", "fp32", noisy(10 + number), environment=other)
    add(store, "base", "fp32", noisy(1), environment=other)
    add(store, "candidate", "fp32", noisy(2, 1050.0))
    (line,) = compare(store, "base", "candidate")
    assert line.comparison.verdict is Verdict.SAME


def test_a_reused_result_is_the_same(store) -> None:
    kept = add(store, "base", "fp32", noisy(1))
    store.link_result("candidate", kept.id)
    (line,) = compare(store, "base", "candidate")
    assert line.comparison.verdict is Verdict.SAME
    assert line.comparison.reason == "the same result, reused"


def test_a_failed_side_is_unknown_with_the_reason(store) -> None:
    add(store, "base", "fp32", noisy(1))
    add(store, "candidate", "fp32", (), status=Status.FAILED, reason="died")
    (line,) = compare(store, "base", "candidate")
    assert line.comparison.verdict is Verdict.UNKNOWN
    assert line.comparison.reason
    assert line.plain["ratio"] is line.plain["interval"] is None


def test_cases_that_only_one_run_has_are_left_out(store) -> None:
    for name in ("fp32", "int8"):
        add(store, "base", name, noisy(1))
    add(store, "candidate", "int8", noisy(2))
    (line,) = compare(store, "base", "candidate")
    assert line.baseline == line.candidate
    assert "int8" in line.baseline


def test_runs_without_a_case_in_common_are_refused(store) -> None:
    add(store, "base", "fp32", noisy(1))
    add(store, "candidate", "int8", noisy(2))
    with pytest.raises(NotComparable, match="cases"):
        compare(store, "base", "candidate")


def test_a_case_and_a_run_are_not_compared(store) -> None:
    made = add(store, "base", "fp32", noisy(1))
    add(store, "candidate", "fp32", noisy(2))
    with pytest.raises(NotComparable):
        compare(store, f"base:{made.case.key[:8]}", "candidate")


def test_what_is_not_there_is_named(store) -> None:
    add(store, "base", "fp32", noisy(1))
    with pytest.raises(NotFound, match="no run 'nothing'"):
        compare(store, "base", "nothing")
    with pytest.raises(NotFound, match="no case 'zzz'"):
        compare(store, "base:zzz", "base:zzz")


def test_an_ambiguous_case_lists_those_that_match(store) -> None:
    keys = [add(store, "base", name, noisy(1)).case.key for name in ("fp32", "int8")]
    with pytest.raises(NotFound) as caught:
        compare(store, "base:", "base:")
    assert all(key[:12] in str(caught.value) for key in keys)


def test_a_line_is_plain_and_fits_its_table(store) -> None:
    line = both(store, DRIFT, 1.5 * DRIFT * noisy(1, 1.0))
    assert len(line.cells) == len(COLUMNS)
    assert line.plain["verdict"] == "slower"
    assert line.plain["interval"][0] < line.plain["ratio"] < line.plain["interval"][1]
    assert line.cells[-1] == "paired"


def test_servers_are_compared_by_the_rates_that_they_bear(store) -> None:
    """Their latencies are those at a rate of their own."""
    found = []
    for name, rate in (("fp32", 100.0), ("int8", 125.0)):
        case = replace(a_case(name), workload=SERVER)
        blocks = (a_window(0, rate, [900.0] * 9), a_window(1, 2 * rate, [2e4] * 9))
        found.append(a_result("base", case, blocks=blocks))
        store.add_result(found[-1])
    (line,) = compare(store, *(f"base:{one.case.key[:12]}" for one in found))
    assert line.comparison.ratio == pytest.approx(0.8)
    assert line.comparison.verdict is Verdict.UNKNOWN
    assert "searched for" in line.comparison.reason


@pytest.mark.parametrize(
    ("workload", "key"),
    [
        (SERVER, "server_p99_ms"),
        (
            Workload(
                scenario=Scenario.MULTI_STREAM,
                batch=1,
                profile="smoke",
                samples_per_query=4,
            ),
            "samples_per_query",
        ),
    ],
    ids=lambda value: getattr(value, "scenario", None),
)
def test_one_case_under_two_loads_shows_no_regression(store, workload, key) -> None:
    """Twice as many samples in a query take twice as long, on the same device."""
    for run, factor in (("base", 1), ("candidate", 2)):
        told = replace(workload, **{key: factor * getattr(workload, key)})
        case = replace(a_case("fp32"), workload=told)
        store.add_result(a_result(run, case, medians_us=noisy(1, 1000.0 * factor)))
    (line,) = compare(store, "base", "candidate")
    assert line.comparison.verdict is Verdict.UNKNOWN
    assert line.comparison.ratio is None
    assert f"{key} was {getattr(workload, key)} and is" in line.comparison.reason
