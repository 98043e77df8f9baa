"""Who could be chosen."""

from itertools import count

import pytest
from support.measured import a_result

from tierbench.harness.finalists import FINALISTS_MAX, SAG_ALLOWED, choose
from tierbench.harness.results import row
from tierbench.harness.sweep import Constraints

_numbers = count()


def a_row(latency: float = 1.0, accuracy: float | None = 0.9, **changes) -> dict:
    """Return a row with narrow intervals, of a file and a case of its own."""
    found = row(a_result())
    key = f"case {next(_numbers)}"
    latency_ms = {
        **found["latency_ms"],
        "median": latency,
        "median_ci95": [0.99 * latency, 1.01 * latency],
    }
    value = {"metric": "top1", "value": accuracy, "n": 1000}
    known = {**value, "ci95": [(accuracy or 0) - 0.01, (accuracy or 0) + 0.01]}
    return {
        **found,
        "case_key": key,
        "variant_sha256": key,
        "latency_ms": latency_ms,
        "accuracy": None if accuracy is None else known,
        **changes,
    }


def names(choice, rows: list[dict]) -> list[int]:
    """Return the places of the finalists among the rows, in their order."""
    keys = [row["case_key"] for row in rows]
    assert not choice.finalists or set(choice.finalists).isdisjoint(choice.reasons)
    return [keys.index(key) for key in choice.finalists]


def test_the_front_and_what_may_come_to_it_are_finalists() -> None:
    rows = [a_row(1.0, 0.8), a_row(2.0, 0.95), a_row(1.2, 0.8), a_row(4.0, 0.8)]
    choice = choose(rows, None)
    assert names(choice, rows) == [0, 1, 2]
    assert "even if it slowed 1.5 times" in choice.reasons[rows[3]["case_key"]]


@pytest.mark.parametrize(
    ("slower", "finalist"), [(0.95 * SAG_ALLOWED, True), (1.1 * SAG_ALLOWED, False)]
)
def test_a_case_that_a_sag_would_bring_back_is_soaked(slower, finalist) -> None:
    one = {"variant_sha256": "one file"}
    rows = [a_row(1.0, **one), a_row(slower, **one)]
    assert names(choose(rows, None), rows) == ([0, 1] if finalist else [0])
    offline = [
        a_row(
            scenario="offline",
            latency_ms=None,
            throughput_per_s=rate,
            throughput_per_s_ci95=[0.99 * rate, 1.01 * rate],
            **one,
        )
        for rate in (1000.0, 1000.0 / slower)
    ]
    assert names(choose(offline, None), offline) == ([0, 1] if finalist else [0])


def test_what_breaks_a_constraint_is_none() -> None:
    rows = [a_row(1.0, 0.8), a_row(2.0, 0.95)]
    choice = choose(rows, Constraints(accuracy_min=0.9))
    assert names(choice, rows) == [1]
    assert "accuracy_min = 0.9 does not hold" in choice.reasons[rows[0]["case_key"]]
    unknown = choose([a_row(1.0, None)], Constraints(accuracy_min=0.9))
    assert unknown.finalists == []
    assert "not shown to hold" in next(iter(unknown.reasons.values()))


def test_models_workloads_and_evidence_are_judged_apart() -> None:
    rows = [
        a_row(1.0),
        a_row(9.0, model="other"),
        a_row(9.0, batch=8),
        a_row(9.0, evidence="SIMULATED"),
    ]
    assert sorted(names(choose(rows, None), rows)) == [0, 1, 2, 3]


def test_without_any_accuracy_speed_decides() -> None:
    rows = [a_row(9.0, None), a_row(1.0, None), a_row(1.3, None)]
    assert names(choose(rows, None), rows) == [1, 2]


def test_a_case_without_the_accuracy_of_the_others_is_none() -> None:
    rows = [a_row(1.0, None), a_row(2.0, 0.9)]
    choice = choose(rows, None)
    assert names(choice, rows) == [1]
    assert choice.reasons[rows[0]["case_key"]].endswith("its top1 is not known")


def test_an_error_is_better_where_it_is_lower() -> None:
    def mae(latency: float, value: float) -> dict:
        ends = [0.99 * value, 1.01 * value]
        accuracy = {"metric": "mae", "value": value, "ci95": ends, "n": 9}
        return {**a_row(latency), "accuracy": accuracy}

    rows = [mae(1.0, 0.1), mae(9.0, 0.5)]
    assert names(choose(rows, None), rows) == [0]


def test_at_most_so_many_the_front_and_the_fastest_first() -> None:
    near = [a_row(1.0 + 0.01 * place, 0.8) for place in range(FINALISTS_MAX + 1)]
    rows = [*reversed(near), a_row(5.0, 0.95)]
    choice = choose(rows, None)
    last = len(rows) - 1
    assert names(choice, rows) == [last - 1, last, last - 2, last - 3]
    left_out = [r for r in choice.reasons.values() if "the first 4 are soaked" in r]
    assert len(left_out) == 2


def test_what_was_not_measured_or_keeps_no_device_busy_is_none() -> None:
    rows = [
        a_row(status="failed"),
        a_row(status="skipped"),
        a_row(scenario="server"),
        a_row(latency_ms=None),
        a_row(5.0, status="not_converged"),
    ]
    choice = choose(rows, None)
    assert names(choice, rows) == [4]
    reasons = [choice.reasons.get(row["case_key"]) for row in rows]
    assert reasons[:2] == [None, None]
    assert "scenario" in reasons[2]
    assert "speed is not known" in reasons[3]
