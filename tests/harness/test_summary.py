"""Statistics as functions of a result's samples."""

from dataclasses import replace

import numpy as np
import pytest
from support.measured import a_block, a_case, a_result

from tierbench.harness.statistics import median_estimate, steady_start
from tierbench.harness.summary import slice_values, spread, summarise
from tierbench.harness.values import (
    Memory,
    Phase,
    Scenario,
    Status,
    WorkerRecord,
)


def a_record(worker=0, first_call_ns=9, peak=None) -> WorkerRecord:
    memory = None if peak is None else Memory(scope="process", peak_bytes=peak)
    return WorkerRecord(
        worker=worker, first_call_ns=first_call_ns, open_ns=1, memory=memory, ran={}
    )


def test_a_slice_is_worth_its_median() -> None:
    values = slice_values(a_case(), [a_block(0, [3.0, 1.0, 50.0])])
    assert values.values_ns.tolist() == [3000]
    assert values.span_s == 0


def test_an_offline_block_is_worth_its_time_per_call() -> None:
    block = a_block(0, [3.0, 1.0, 50.0], elapsed_ns=90_000)
    values = slice_values(a_case(scenario=Scenario.OFFLINE), [block])
    assert values.values_ns.tolist() == [30_000]


def test_warm_up_is_left_out() -> None:
    blocks = [
        a_block(0, [900.0], phase=Phase.WARMUP),
        *(a_block(index, [10.0 + index % 3]) for index in range(1, 20)),
    ]
    values = slice_values(a_case(), blocks)
    assert 900_000 not in values.values_ns
    assert values.rounds.tolist() == list(range(1, 20))
    assert values.workers.tolist() == [index % 3 for index in range(1, 20)]
    assert values.span_s == 18


def test_blocks_that_still_warm_up_are_left_out_but_kept() -> None:
    medians = [5000.0, 3000.0] + [1000.0 + index % 5 for index in range(30)]
    result = a_result(medians_us=medians)
    first = steady_start(np.array(medians))
    assert first == 2, "the example warms up for two blocks"
    summary = summarise(result)
    assert summary.slices == 30
    assert summary.samples == 90
    assert len(result.blocks) == 32


def test_the_median_is_that_of_slice_medians() -> None:
    medians = [1000.0 + 10 * (index * 7 % 20) for index in range(20)]
    result = a_result(medians_us=medians)
    summary = summarise(result)
    values = slice_values(result.case, result.blocks)
    expected = median_estimate(values.values_ns, values.starts_s)
    assert summary.median_ns == spread(values) == expected
    assert summary.median_ns.value == pytest.approx(1e3 * np.median(medians), rel=0.01)
    assert summary.workers == 3


def test_throughput_counts_samples_while_the_device_is_busy() -> None:
    case = a_case(batch=4)
    blocks = tuple(a_block(index, [1000.0, 1000.0]) for index in range(12))
    summary = summarise(a_result(case=case, blocks=blocks))
    assert summary.throughput_per_s.value == pytest.approx(4000)


def test_offline_throughput_counts_the_whole_window() -> None:
    case = a_case(scenario=Scenario.OFFLINE, batch=2)
    blocks = tuple(
        a_block(index, [1000.0] * 10, elapsed_ns=2_500_000) for index in range(12)
    )
    summary = summarise(a_result(case=case, blocks=blocks))
    assert summary.throughput_per_s.value == pytest.approx(2 * 10 / 2.5e-3)
    assert summary.p90_ns.value is None
    assert "offline" in (summary.p90_ns.reason or "")
    assert "offline" in (summary.p99_early_stopping_ns.reason or "")
    assert summary.on_cpu is None


def test_a_tail_that_the_sample_cannot_bear_is_refused() -> None:
    summary = summarise(a_result(medians_us=[1000.0] * 12))
    assert summary.p99_ns.value is None
    assert summary.p99_ns.reason


def test_the_share_of_preempted_calls() -> None:
    blocks = tuple(
        a_block(index, [100.0] * 4, off_cpu_us=[0, 5, 20, 20.001])
        for index in range(12)
    )
    summary = summarise(a_result(blocks=blocks))
    assert summary.off_cpu_share == summary.on_cpu.flagged_share == 0.25
    unknown = summarise(a_result())
    assert (unknown.off_cpu_share, unknown.on_cpu) == (None, None)


def test_early_stopping_needs_its_queries_where_the_percentile_needs_support() -> None:
    for calls, known in ((661, False), (662, True)):
        block = a_block(0, [1000.0 + call for call in range(calls)])
        summary = summarise(a_result(blocks=(block,)))
        found = summary.p99_early_stopping_ns
        assert found.value == (1_661_000 if known else None)
        assert ("1 more are needed" in (found.reason or "")) is not known
        assert summary.p99_ns.value is None, "one slice supports no percentile"


def test_memory_is_that_of_the_worker_that_needed_most() -> None:
    records = (a_record(0, peak=5), a_record(1, peak=9), a_record(2), a_record(3, 9))
    memory = summarise(a_result(workers=records)).memory
    assert memory is not None
    assert memory.peak_bytes == 9
    assert summarise(a_result(workers=(a_record(),))).memory is None


def test_the_first_call_is_the_median_over_workers() -> None:
    records = tuple(a_record(first_call_ns=n) for n in (10, 1000, 30))
    assert summarise(a_result(workers=records)).first_call_ns == 30
    assert summarise(a_result(workers=())).first_call_ns is None


def test_nothing_measured_is_nothing_known() -> None:
    result = a_result(blocks=(), workers=(), status=Status.FAILED, reason="died")
    summary = summarise(result)
    assert summary.median_ns.value is None
    assert summary.throughput_per_s.value is None
    assert (summary.samples, summary.slices, summary.workers) == (0, 0, 0)
    assert summary.memory is None


def test_only_warm_up_is_nothing_measured() -> None:
    blocks = (a_block(0, [5.0] * 9, phase=Phase.WARMUP),)
    summary = summarise(replace(a_result(), blocks=blocks))
    assert summary.median_ns.value is None
    assert summary.samples == 0
