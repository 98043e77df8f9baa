"""The rows that every reader and report rests on."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from store_examples import example_environment, example_run, results
from support.loads import PIPELINE, SERVER, a_window
from support.measured import a_block, a_case, a_result

from tierbench.harness.errors import NotFound
from tierbench.harness.results import (
    COLUMNS,
    cells,
    find_run,
    notes,
    row,
    rows,
    run_row,
)
from tierbench.harness.store import Store, result_id
from tierbench.harness.values import (
    Memory,
    Phase,
    Scenario,
    Series,
    Status,
    WorkerRecord,
)

KEYS = {
    *("model", "variant", "format", "weight_bits", "activation_bits", "size_bytes"),
    *("target", "tier", "device", "runtime", "runtime_version", "evidence", "status"),
    *("load", "server", "pipeline"),
    *("reason", "scenario", "batch", "n", "slices", "workers", "latency_ms"),
    *("throughput_per_s", "memory", "power", "energy_mj", "accuracy", "throttled"),
    *("throttled_reason", "state", "lineage", "data_sha256"),
    *("case_key", "variant_sha256", "run", "environment"),
}
"""What the row promises to hold at least."""

NESTED = {
    "latency_ms": {
        *("median", "median_ci95", "p90", "p99", "first_call", "on_cpu"),
        *("p90_early_stopping", "p99_early_stopping"),
    },
    "memory": {
        *("peak_bytes", "peak_opening_bytes", "peak_first_call_bytes"),
        *("peak_steady_bytes", "baseline_bytes", "loaded_bytes", "steady_bytes"),
        *("steady_anonymous_bytes", "steady_file_bytes", "device_bytes"),
        *("arena_bytes", "scope"),
    },
    "accuracy": {"metric", "value", "ci95", "n"},
    "power": {"mean_w", "scope", "meter"},
    "energy_mj": {"gross", "net", "scope"},
    "state": {
        *("clocks", "temperatures", "throttle_reasons", "throttle_counts"),
        *("governor", "boost", "power_mode", "power_limits"),
    },
}


def a_record(**memory) -> WorkerRecord:
    return WorkerRecord(
        worker=0,
        first_call_ns=2_000_000,
        open_ns=1,
        memory=Memory(scope="process", **memory),
        ran={"provider": "p"},
    )


def skipped():
    return a_result(
        blocks=(),
        workers=(),
        environment=None,
        accuracy=None,
        status=Status.SKIPPED,
        reason="no driver",
        throttled="unknown",
    )


def unprofiled():
    case = a_case()
    profile = replace(case.variant.profile, parameters=None, macs=None)
    bare = {"profile": profile, "weight_bits": None, "activation_bits": None}
    return a_result(case=replace(case, variant=replace(case.variant, **bare)))


OFFLINE = a_case(scenario=Scenario.OFFLINE)
ENERGY = a_block(
    20,
    [1000.0] * 10,
    phase=Phase.ENERGY,
    elapsed_ns=20_000_000,
    context={"meter": "clamp", "scope": "board"},
    series=(
        *a_block(20, [1000.0] * 10).series,
        Series(quantity="power", unit="W", values=np.array([4.0, 6.0])),
    ),
)
WARM_UP = (a_block(0, [5.0] * 9, phase=Phase.WARMUP),)
PREEMPTED = tuple(
    a_block(index, [1000.0] * 9 + [9000.0], off_cpu_us=[0.0] * 9 + [8000.0])
    for index in range(70)
)
EXAMPLES = {
    "ok": a_result(workers=(a_record(peak_bytes=9, steady_bytes=8, baseline_bytes=7),)),
    "all told": a_result(
        workers=(
            a_record(peak_bytes=9, steady_bytes=8, baseline_bytes=7, arena_bytes=1),
        ),
        environment=example_environment(runtime_version="2"),
    ),
    "two slices": a_result(medians_us=[1.0, 2.0]),
    "offline": a_result(case=OFFLINE),
    "unconverged": a_result(status=Status.NOT_CONVERGED, reason="too wide"),
    "failed": a_result(
        blocks=(), workers=(), status=Status.FAILED, reason="died", accuracy=None
    ),
    "failed without reason": a_result(
        blocks=(),
        workers=(),
        status=Status.FAILED,
        accuracy=None,
        throttled="unknown",
    ),
    "failed in warm-up": a_result(
        blocks=WARM_UP, status=Status.TIMED_OUT, reason="slow", throttled="unknown"
    ),
    "failed offline": a_result(case=OFFLINE, blocks=(), status=Status.FAILED),
    "skipped": skipped(),
    "no data": a_result(accuracy=None, accuracy_reason="no evaluation data was given"),
    "unprofiled": unprofiled(),
    "no sensor": a_result(throttled="unknown"),
    "untold memory": a_result(workers=(a_record(peak_bytes=9),)),
    "metered": a_result(blocks=(*a_result().blocks, ENERGY)),
    "refused peak": a_result(
        workers=(a_record(steady_bytes=8, peak_reason="refused"),)
    ),
    "no memory": a_result(workers=(a_record(),)),
    "server": a_result(
        case=replace(a_case(), workload=SERVER),
        blocks=(a_window(0, 10.0, [900.0] * 9), a_window(1, 20.0, [2e4] * 9)),
    ),
    "server that bears nothing": a_result(
        case=replace(a_case(), workload=SERVER),
        blocks=(a_window(0, 10.0, [2e4] * 9),),
    ),
    "pipeline": a_result(
        case=replace(a_case(), workload=PIPELINE),
        blocks=(*a_result().blocks, a_window(30, 2.0, [900.0] * 9)),
    ),
    "preempted": a_result(blocks=PREEMPTED),
    "always preempted": a_result(
        blocks=[a_block(index, [9.0], off_cpu_us=[30.0]) for index in range(20)]
    ),
}


def unexplained(found: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the keys that are null without a reason beside them."""
    for key, value in found.items():
        if isinstance(value, Mapping) and key not in ("options", "ran"):
            yield from unexplained(value, f"{prefix}{key}.")
        reason = key == "reason" or key.endswith("_reason")
        if value is None and not reason and not found.get(f"{key}_reason"):
            yield prefix + key


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_promised_key_is_there_or_null_with_its_reason(name: str) -> None:
    found = row(EXAMPLES[name])
    assert found.keys() >= KEYS
    for key, parts in NESTED.items():
        if found[key] is not None:
            assert not parts - found[key].keys()
    assert list(unexplained(found)) == []
    assert found["throttled"] in ("clean", "throttled", "unknown")
    if found["throttled"] == "unknown":
        assert found["throttled_reason"]
    assert json.loads(json.dumps(found)) == found


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(results)
def test_any_sound_result_has_a_row(found) -> None:
    blocks = tuple(a_block(index, [1.0, 2.0]) for index in range(len(found.blocks)))
    made = row(replace(found, blocks=blocks))
    assert list(unexplained(made)) == []
    json.dumps(made)
    assert len(cells(made)) == len(COLUMNS)


def test_a_skipped_case_is_unknown_for_its_reason() -> None:
    found = row(skipped())
    for key in ("latency_ms", "throughput_per_s", "memory", "power", "energy_mj"):
        assert found[key] is None
        assert found[f"{key}_reason"] == "no driver"
    assert found["device_reason"] == found["accuracy_reason"] == "no driver"


def test_numbers_come_in_the_units_of_their_names() -> None:
    found = row(EXAMPLES["all told"])
    latency = found["latency_ms"]
    assert latency["median"] == pytest.approx(1.0)
    assert latency["median_ci95"] == pytest.approx([1.0, 1.0])
    assert latency["first_call"] == 2.0
    assert found["throughput_per_s"] == pytest.approx(1e3 / np_mean((0.9, 1, 1.2)))
    assert found["memory"]["arena_bytes"] == 1
    assert found["accuracy"]["ci95"] == [0.8, 0.95]
    assert (found["n"], found["slices"], found["workers"]) == (60, 20, 3)


def np_mean(values):
    return sum(values) / len(values)


def test_both_views_and_both_kinds_of_tail_stand_side_by_side() -> None:
    found = row(EXAMPLES["preempted"])
    latency, on_cpu = found["latency_ms"], found["latency_ms"]["on_cpu"]
    assert latency["p90_early_stopping"] == latency["p99_early_stopping"] == 9.0
    assert latency["p99"] is None
    assert "p99 needs 1,000 effective samples; 700 samples" in latency["p99_reason"]
    assert on_cpu["p90"] == on_cpu["median"] == 1.0
    assert on_cpu["p90_ci95"] == [1.0, 1.0]
    assert (found["n"], on_cpu["n"]) == (700, 630)
    assert on_cpu["flagged_share"] == found["off_cpu_share"] == pytest.approx(0.1)


def test_no_call_on_the_cpu_leaves_that_view_unknown() -> None:
    on_cpu = row(EXAMPLES["always preempted"])["latency_ms"]["on_cpu"]
    assert on_cpu["median"] is None
    assert on_cpu["median_reason"] == "every call was preempted"
    assert (on_cpu["n"], on_cpu["flagged_share"]) == (0, 1.0)


def test_without_off_cpu_times_there_is_one_view() -> None:
    latency = row(EXAMPLES["ok"])["latency_ms"]
    assert latency["on_cpu"] is None
    assert latency["on_cpu_reason"] == "the runtime computes on other threads"


def test_energy_is_power_times_time_over_samples() -> None:
    found = row(EXAMPLES["metered"])
    power = found["power"]
    assert (power["mean_w"], power["scope"], power["meter"]) == (5.0, "board", "clamp")
    assert found["energy_mj"]["gross"] == pytest.approx(5.0 * 20 / 10)
    assert found["energy_mj"]["gross_ci95"] is None
    assert found["energy_mj"]["scope"] == "board"
    assert (found["n"], found["slices"]) == (60, 20), "its window is no slice"


def test_offline_has_throughput_and_no_latency() -> None:
    found = row(EXAMPLES["offline"])
    assert found["latency_ms"] is None
    assert "offline" in found["latency_ms_reason"]
    assert found["throughput_per_s"] > 0


def test_few_slices_give_a_median_without_interval() -> None:
    latency = row(EXAMPLES["two slices"])["latency_ms"]
    assert latency["median"] is not None
    assert latency["median_ci95"] is None
    assert re.search(r"\d", latency["median_ci95_reason"])


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_a_row_fits_the_table(name: str) -> None:
    shown = cells(row(EXAMPLES[name]))
    assert len(shown) == len(COLUMNS)
    assert all(isinstance(cell, str) and cell for cell in shown)


def test_large_numbers_are_written_out() -> None:
    made = {**row(EXAMPLES["all told"]), "throughput_per_s": 147_312.7}
    assert cells(made)[COLUMNS.index("per s")] == "147313"


def test_a_simulation_never_passes_for_a_measurement() -> None:
    place = COLUMNS.index("status")
    made = row(EXAMPLES["all told"])
    assert cells(made)[place] == "ok"
    assert cells({**made, "evidence": "SIMULATED"})[place] == "ok (SIMULATED)"
    assert cells({**row(skipped()), "evidence": "SIMULATED"})[place] == "skipped"


def test_each_reason_is_noted_once_with_its_cases() -> None:
    made = row(EXAMPLES["all told"])
    blind = {**made, "accuracy": None, "accuracy_reason": "no data"}
    gone = {**row(skipped()), "case_key": "b" * 64}
    key = made["case_key"][:8]
    assert notes([made, gone, blind, blind]) == [
        "skipped: no driver (bbbbbbbb)",
        f"no accuracy: no data ({key}, {key})",
    ]


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as opened:
        yield opened


def add(store: Store, run: str, name: str = "fp32", at: int = 20, **changes):
    case = a_case(name)
    made = a_result(
        run, case, id=result_id(run, case.key), finished_at_ns=at, **changes
    )
    store.add_result(made)
    return made


def test_rows_are_the_latest_of_each_case_or_one_runs(store) -> None:
    for number, run in enumerate(("first", "second")):
        store.add_run(example_run(run, started_at_ns=number))
    old = add(store, "first")
    other = add(store, "first", "int8")
    new = add(store, "second", at=30)
    latest = {found["variant"]: found["result"] for found in rows(store)}
    assert latest == {"fp32": new.id, "int8": other.id}
    first = {found["variant"]: found["result"] for found in rows(store, "first")}
    assert first == {"fp32": old.id, "int8": other.id}
    with pytest.raises(NotFound):
        rows(store, "third")


def test_what_was_skipped_comes_last(store) -> None:
    store.add_run(example_run("run"))
    add(store, "run", status=Status.SKIPPED, reason="no driver", started_at_ns=1)
    add(store, "run", "int8", started_at_ns=5)
    assert [found["variant"] for found in rows(store)] == ["int8", "fp32"]


def test_a_run_is_found_by_its_beginning(store) -> None:
    for run in ("abc1", "abd2", "xyz3"):
        store.add_run(example_run(run))
    assert find_run(store, "x").id == "xyz3"
    assert find_run(store, "abc1").id == "abc1"
    with pytest.raises(NotFound, match="abc1, abd2"):
        find_run(store, "ab")
    with pytest.raises(NotFound, match="abc1, abd2, xyz3"):
        find_run(store, "q")


def test_a_runs_id_is_found_although_another_begins_so(store) -> None:
    for run in ("abc", "abcd"):
        store.add_run(example_run(run))
    assert find_run(store, "abc").id == "abc"


def test_a_run_is_told_in_plain_values() -> None:
    told = run_row(example_run(sweep={"profile": "smoke", "batches": [1, 8]}))
    assert told["profile"] == "smoke"
    assert told["sweep"] == {"profile": "smoke", "batches": [1, 8]}
    assert told["version"] == "0.1.0"
    assert json.loads(json.dumps(told)) == told


def test_what_spoils_a_number_is_noted_beside_what_is_missing() -> None:
    why = "the clock of cpu fell by 11%"
    slow = row(a_result(throttled="throttled", throttled_reason=why))
    untold = row(a_result(accuracy=None, accuracy_reason="no data"))
    key = slow["case_key"][:8]
    assert notes([slow, untold]) == [
        f"throttled: {why} ({key})",
        f"no accuracy: no data ({key})",
    ]
    assert notes([row(a_result(throttled="clean"))]) == []


def test_a_row_tells_how_its_variant_was_made_and_no_more() -> None:
    case = a_case()
    steps = (
        {"step": "training", "model": "defect", "classes": ["a"]},
        {
            "technique": "qat",
            "settings": {"seed": 2},
            "parent_sha256": "a",
            "tools": {},
        },
    )
    case = replace(case, variant=replace(case.variant, lineage=steps))
    assert row(a_result(case=case))["lineage"] == [
        {"step": "training", "model": "defect"},
        {"technique": "qat", "settings": {"seed": 2}, "parent_sha256": "a"},
    ]
