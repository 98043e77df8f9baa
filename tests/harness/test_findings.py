"""What a test reads of a case is what its row of results says."""

from dataclasses import replace

import pytest
from support.measured import a_block, a_case, a_result

from tierbench import mj, ms
from tierbench.harness.findings import Findings
from tierbench.harness.quantity import QuantityUnknown
from tierbench.harness.results import row
from tierbench.harness.values import Accuracy, Evidence, Scenario, Status


def findings(**changes) -> Findings:
    return Findings(row(a_result(**changes)))


def test_every_quantity_is_that_of_the_row_with_its_interval() -> None:
    accuracy = Accuracy(metric="top5", value=0.9, low=0.85, high=0.94, n=200)
    found = findings(accuracy=accuracy)
    told = found.row
    assert found.latency.median.value == told["latency_ms"]["median"] == 1.0
    assert list(found.latency.median.interval) == told["latency_ms"]["median_ci95"]
    assert found.latency.first_call.unit == "ms"
    assert found.throughput_per_s.value == told["throughput_per_s"]
    assert (found.accuracy.name, found.accuracy.value) == ("top5", 0.9)
    assert found.accuracy.interval == (0.85, 0.94)
    assert found.size.value == told["size_bytes"]
    assert found.memory.peak.value == told["memory"]["peak_bytes"]
    assert found.memory.steady.unit == "bytes"
    assert found.latency.median <= ms(1)


def test_what_is_not_known_has_the_rows_reason() -> None:
    found = findings(accuracy=None, accuracy_reason="no evaluation data was given")
    assert found.accuracy.reason == "no evaluation data was given"
    assert found.latency.p99.reason == found.row["latency_ms"]["p99_reason"]
    assert found.energy.gross.reason == "no power meter was used"
    with pytest.raises(QuantityUnknown, match="no power meter was used"):
        _ = found.energy.net < mj(1)


def test_both_kinds_of_tail_and_both_views_are_told_apart() -> None:
    blocks = tuple(
        a_block(k, [1000.0] * 49 + [9000.0], off_cpu_us=[0.0] * 49 + [8000.0])
        for k in range(24)
    )
    latency = findings(blocks=blocks).latency
    assert latency.p99.value == 9.0
    assert latency.p99.interval == (9.0, 9.0)
    assert (latency.p99_early_stopping.value, latency.p99_early_stopping.interval) == (
        9.0,
        None,
    )
    assert latency.p90_early_stopping.value == 1.0
    assert latency.p99_early_stopping.name == "p99 (early stopping) latency"
    assert latency.on_cpu.p99.value == latency.on_cpu.median.value == 1.0
    assert latency.on_cpu.p90 < latency.p99


def test_a_view_that_the_target_cannot_give_says_why() -> None:
    latency = findings().latency
    assert latency.on_cpu.p99.reason == "the runtime computes on other threads"
    assert "more are needed" in (latency.p99_early_stopping.reason or "")
    offline = findings(case=a_case(scenario=Scenario.OFFLINE)).latency
    assert "offline" in (offline.on_cpu.p90.reason or "")


def test_parts_that_a_row_lacks_are_unknown_with_a_reason() -> None:
    offline = a_case(scenario=Scenario.OFFLINE)
    found = findings(case=offline, workers=())
    assert found.latency.p90.value is None
    assert "offline" in (found.latency.p90.reason or "")
    assert found.memory.peak.reason


def test_it_says_which_case_it_is_without_the_whole_row() -> None:
    found = findings()
    assert repr(found).endswith("single_stream batch 1: ok>")
    for part in (found.latency, found.latency.on_cpu, found.memory, found.energy):
        assert "single_stream batch 1>" in repr(part)
        assert len(repr(part)) < 100


def test_status_and_evidence_are_those_of_the_row() -> None:
    found = Findings(
        row(replace(a_result(), status=Status.NOT_CONVERGED, reason="too noisy"))
    )
    assert found.status == "not_converged"
    assert Findings(row(a_result(evidence=Evidence.EMULATED))).evidence == "EMULATED"
