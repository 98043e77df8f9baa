"""One case from planned to measured, on a device in virtual time."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.benches import Notes, a_bench, measured, sim_benches
from support.clockless import COUNTED, Clockless
from support.plans import plan_of

from tierbench.harness.errors import (
    CaseError,
    StoreError,
    WorkerDied,
    WorkerTimeout,
)
from tierbench.harness.metering import REPEATS
from tierbench.harness.profiles import SMOKE
from tierbench.harness.recording import Recovered
from tierbench.harness.results import row
from tierbench.harness.stretches import CALLS_MAX
from tierbench.harness.values import BlockKind, Evidence, Phase, Status
from tierbench.targets.sim.worker import SimWorker

OFFLINE = '[workload]\nscenario = "offline"\n'


def one(folder: Path, target: str = 'use = "sim"', **options):
    (bench,) = sim_benches(folder, target, **options)
    return bench


def raising(error: Exception):
    def act(*_):
        raise error

    return act


def test_a_case_ends_when_it_was_narrow_enough_twice_in_a_row(tmp_path) -> None:
    bench = one(tmp_path)
    bench.launch()
    bench.open()
    bench.begin()
    narrow = []
    for index in range(100):
        ended = bench.ended()
        narrow.append(bench.shortfall is None)
        if ended:
            break
        bench.measure(index)
    assert narrow[-2:] == [True, True]
    assert (True, True) not in pairwise(narrow[:-1])
    result = bench.close()
    assert (result.status, result.reason) == (Status.OK, None)
    assert bench.measured_s >= SMOKE.measured_min_s


def test_everything_is_kept_before_it_counts(tmp_path) -> None:
    notes = Notes()
    bench = measured(one(tmp_path, recorder=notes), rounds=3)
    assert notes.kinds() == ["block", "worker"] * 3 + ["accuracy"] + ["block"] * 3
    assert [kept for kind, kept in notes.kept if kind == "block"] == bench.blocks
    assert [kept for kind, kept in notes.kept if kind == "worker"] == bench.records


def test_warm_up_is_kept_apart(tmp_path) -> None:
    bench = measured(one(tmp_path), rounds=4)
    warm = [block for block in bench.blocks if block.phase is Phase.WARMUP]
    assert [block.worker for block in warm] == [0, 1, 2]
    assert {block.round for block in warm} == {-1}
    assert bench.blocks[:3] == warm
    assert all(block.calls >= SMOKE.warmup_calls for block in warm)


def test_workers_take_turns(tmp_path) -> None:
    bench = measured(one(tmp_path), rounds=7)
    turns = [b.worker for b in bench.blocks if b.phase is Phase.MEASURE]
    assert turns == [0, 1, 2, 0, 1, 2, 0]
    assert [block.index for block in bench.blocks] == list(range(10))


def test_a_slice_holds_its_time_and_its_calls(tmp_path) -> None:
    quick, slow, slower = sim_benches(
        tmp_path, 'use = "sim"\nlatency_us = [100.0, 10000.0, 3e6]'
    )
    calls = []
    for bench in (quick, slow, slower):
        block = measured(bench, rounds=1).blocks[-1]
        assert block.kind is BlockKind.SLICE
        calls.append(block.calls)
    assert calls[0] > 400  # 50 ms of 100 us
    assert calls[1] == 20  # the least of a slice
    assert calls[2] == 1  # unless its calls take more than a second


def test_no_block_asks_for_room_without_bounds(tmp_path, monkeypatch) -> None:
    asked = []
    block = SimWorker.block

    def watched(self, stretch):
        asked.append(stretch)
        return block(self, stretch)

    monkeypatch.setattr(SimWorker, "block", watched)
    measured(one(tmp_path, 'use = "sim"\nlatency_us = 1.0'), rounds=1)
    for stretch in asked:
        assert stretch.calls_min <= stretch.calls_max <= CALLS_MAX


def test_offline_is_measured_in_windows(tmp_path) -> None:
    bench = measured(one(tmp_path, rest=OFFLINE), rounds=2)
    windows = bench.blocks[-2:]
    assert {block.kind for block in windows} == {BlockKind.WINDOW}
    assert all(block.elapsed_ns >= SMOKE.window_ns for block in windows)


def test_a_case_that_stays_wide_is_given_up_at_its_limit(tmp_path) -> None:
    wild = 'use = "sim"\nslice_noise = 1.5\nlatency_us = 2000.0'
    bench = measured(one(tmp_path, wild), rounds=1000)
    result = bench.close()
    assert result.status is Status.NOT_CONVERGED
    assert result.reason is not None
    assert result.reason.endswith(f"within {SMOKE.case_limit_s:g} s")
    assert bench.measured_s >= SMOKE.case_limit_s


def test_a_case_goes_on_where_it_was_interrupted(tmp_path) -> None:
    (planned,) = plan_of(tmp_path, 'use = "sim"').cases
    before = measured(a_bench(planned), rounds=3)
    left = Recovered(
        blocks=tuple(before.blocks),
        workers=tuple(before.records),
        accuracy_reason="it was told before",
        started_at_ns=77,
    )
    notes = Notes()
    after = measured(a_bench(planned, recovered=left, recorder=notes), first_round=3)
    result = after.close()
    assert result.blocks[:6] == left.blocks
    assert [block.index for block in result.blocks] == list(range(len(result.blocks)))
    assert {block.worker for block in result.blocks[6:]} == {3, 4, 5}
    assert [record.worker for record in result.workers] == [0, 1, 2, 3, 4, 5]
    assert result.started_at_ns == 77
    assert result.accuracy_reason == "it was told before"
    assert "accuracy" not in notes.kinds()


def test_a_worker_that_left_only_its_warm_up_keeps_its_number(tmp_path) -> None:
    (planned,) = plan_of(tmp_path, 'use = "sim"').cases
    before = measured(a_bench(planned), rounds=0)
    left = Recovered(blocks=tuple(before.blocks), workers=tuple(before.records[:2]))
    after = measured(a_bench(planned, recovered=left), rounds=3)
    assert [block.worker for block in after.blocks] == [0, 1, 2, *[3, 4, 5] * 2]
    assert [record.worker for record in after.records] == [0, 1, 3, 4, 5]


@pytest.mark.parametrize("good_blocks", [0, 3], ids=["warm-up", "slice"])
def test_a_block_without_calls_is_its_cases_failure(
    tmp_path, monkeypatch, good_blocks
) -> None:
    block, left = SimWorker.block, iter([True] * good_blocks + [False])
    nothing = np.empty(0, np.int64)

    def empty(self, stretch):
        found = block(self, stretch)
        return found if next(left) else replace(found, latency_ns=nothing)

    monkeypatch.setattr(SimWorker, "block", empty)
    notes = Notes()
    result = measured(one(tmp_path, recorder=notes), rounds=1).close()
    assert result.status is Status.FAILED
    assert "without calls" in (result.reason or "")
    assert notes.kinds().count("block") == len(result.blocks) == good_blocks


def test_without_data_accuracy_says_so(tmp_path) -> None:
    result = measured(one(tmp_path), rounds=1).close()
    assert result.accuracy is None
    assert result.accuracy_reason == "no evaluation data was given"


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (CaseError("it refuses"), Status.FAILED, "it refuses"),
        (WorkerDied("it died"), Status.FAILED, "it died"),
        (WorkerTimeout("too slow"), Status.TIMED_OUT, "too slow"),
        (ZeroDivisionError("by zero"), Status.FAILED, "ZeroDivisionError: by zero"),
        (KeyError("inputs"), Status.FAILED, "KeyError: 'inputs'"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("act", ["launch", "prepare", "open", "bind", "block"])
def test_whatever_a_target_does_is_its_cases_failure(
    tmp_path, monkeypatch, act, error, status, words
) -> None:
    bench = one(tmp_path)
    where = type(bench.planned.target) if act in ("launch", "prepare") else SimWorker
    monkeypatch.setattr(where, act, raising(error))
    result = measured(bench, rounds=2).close()
    assert result.status is status
    assert words in (result.reason or "")
    assert bench.ended()


def test_a_journal_that_fails_is_no_fault_of_the_case(tmp_path) -> None:
    notes = Notes()
    bench = one(tmp_path, recorder=notes)
    bench.launch()
    bench.open()
    bench.begin()
    notes.block = raising(StoreError("the disk is full"))
    with pytest.raises(StoreError, match="disk is full"):
        bench.measure(0)
    assert bench.failure is None
    assert len(bench.blocks) == 3


def test_a_failed_case_is_left_alone(tmp_path, monkeypatch) -> None:
    bench = measured(one(tmp_path), rounds=1)
    monkeypatch.setattr(SimWorker, "block", raising(CaseError("once")))
    bench.measure(1)
    monkeypatch.setattr(SimWorker, "block", raising(CaseError("twice")))
    bench.measure(2)
    assert bench.failure is not None
    assert bench.failure.reason == "once"


def test_every_worker_is_closed(tmp_path, monkeypatch) -> None:
    closed = []
    monkeypatch.setattr(SimWorker, "close", lambda self: closed.append(self))
    bench = measured(one(tmp_path), rounds=2)
    bench.close()
    bench.abandon()
    assert len(closed) == len(set(map(id, closed))) == 3


def test_the_share_done_grows_to_one(tmp_path) -> None:
    bench = one(tmp_path)
    shares = [bench.share_done()]
    bench.launch()
    bench.open()
    bench.begin()
    while not bench.ended():
        bench.measure(0)
        shares.append(bench.share_done())
    assert shares[0] == 0
    assert all(0 <= share <= 1 for share in shares)
    assert shares[-1] == 1


def test_a_wide_interval_foresees_more_time(tmp_path) -> None:
    bench = measured(one(tmp_path), rounds=15)
    done = bench.share_done()
    assert bench.estimate is not None
    wide = replace(bench.profile, half_width=1e-6, case_limit_s=1e6)
    bench.profile = wide
    assert bench.share_done() < done / 10


def test_no_sensor_is_no_verdict_on_throttling(tmp_path) -> None:
    bench = measured(one(tmp_path), rounds=2)
    bench.blocks = [replace(block, context={}) for block in bench.blocks]
    result = bench.close()
    assert result.throttled == "unknown"
    assert result.throttled_reason == "the target has no sensor that tells"


def test_a_throttled_share_is_told(tmp_path) -> None:
    bench = measured(one(tmp_path), rounds=1)
    bench.blocks = [
        replace(bench.blocks[0], context={"throttled": flag})
        for flag in (False, True, False, False)
    ]
    result = bench.close()
    assert result.throttled == "throttled"
    assert "25%" in (result.throttled_reason or "")


def test_a_meter_runs_around_a_window_of_its_own(tmp_path) -> None:
    notes = Notes()
    bench = measured(one(tmp_path, 'use = "sim"\npower_w = 4.0', recorder=notes))
    assert Phase.ENERGY not in {block.phase for block in bench.blocks}
    result = bench.close()
    assert result.status is Status.OK
    *windows, kept = [b for b in result.blocks if b.phase is Phase.ENERGY]
    assert kept is result.blocks[-1]
    assert notes.kept[-1] == ("block", kept)
    assert len(windows) == REPEATS
    assert sum(window.elapsed_ns for window in windows) >= SMOKE.energy_ns
    assert {window.worker for window in windows} == {0, 1, 2}
    power = kept.values("power")
    assert power is not None
    assert power.max() == pytest.approx(4.0, rel=0.06)
    assert kept.context["metering"]["channels"][0]["scope"] == "module"
    again = bench.close()
    assert len(again.blocks) == len(result.blocks)


def test_an_energy_phase_is_not_gone_through_twice(tmp_path) -> None:
    table = 'use = "sim"\npower_w = 4.0'
    result = measured(one(tmp_path, table)).close()
    recovered = Recovered(blocks=result.blocks, workers=result.workers)
    again = measured(one(tmp_path, table, recovered=recovered)).close()
    kept = [b for b in again.blocks if "metering" in b.context]
    assert len(kept) == 1


def test_a_worker_that_dies_in_the_energy_phase_is_why_there_is_no_energy(
    tmp_path, monkeypatch
) -> None:
    bench = measured(one(tmp_path, 'use = "sim"\npower_w = 4.0'))
    calls = iter(range(100))

    def block(self, stretch):
        if next(calls) == 3:
            raise WorkerDied("the worker was killed")
        return whole(self, stretch)

    kind = SimWorker
    whole = kind.block
    monkeypatch.setattr(kind, "block", block)
    found = row(bench.close())
    assert found["status"] == "failed"
    assert "was killed" in found["energy_mj_reason"]
    assert "was killed" in found["power_reason"]


def test_an_energy_phase_that_was_interrupted_is_gone_through_anew(tmp_path) -> None:
    table = 'use = "sim"\npower_w = 4.0\nidle_w = 1.0\nnoise = 0.0'
    result = measured(one(tmp_path, table)).close()
    left = [b for b in result.blocks if b.phase is Phase.ENERGY][:4]
    blocks = (*(b for b in result.blocks if b.phase is not Phase.ENERGY), *left)
    recovered = Recovered(blocks=blocks, workers=result.workers)
    again = measured(one(tmp_path, table, recovered=recovered)).close()
    (kept,) = [b for b in again.blocks if "metering" in b.context]
    told = kept.context["metering"]["blocks"]
    assert len(told) == REPEATS
    assert not {b.index for b in left} & set(told)
    assert [again.blocks[index].index for index in told] == told
    before, after = row(result)["energy_mj"], row(again)["energy_mj"]
    assert after["gross"] == pytest.approx(before["gross"], rel=0.02)
    assert after["net"] == pytest.approx(before["net"], rel=0.03)


def test_blocks_hold_what_the_worker_measured(tmp_path) -> None:
    block = measured(one(tmp_path), rounds=1).blocks[-1]
    latency, gap = block.values("latency"), block.values("gap")
    assert latency is not None
    assert gap is not None
    assert len(latency) == block.calls == len(gap) + 1
    assert latency.dtype == np.int64
    assert int(latency.sum() + gap.sum()) == block.elapsed_ns
    assert block.values("off_cpu") is None


def clockless(folder: Path, **changes):
    planned = one(folder).planned
    target = Clockless()
    for name, value in changes.items():
        setattr(target, name, value)
    return a_bench(replace(planned, target=target), recorder=Notes())


def test_a_target_without_a_clock_measures_nothing_and_tells_figures(tmp_path) -> None:
    bench = clockless(tmp_path)
    bench.launch()
    bench.open()
    bench.begin()
    assert bench.ended()
    assert not bench.awaits_meters()
    result = bench.close()
    assert (result.status, result.reason) == (Status.OK, None)
    assert result.blocks == ()
    assert result.figures == Clockless.known
    assert len(result.workers) == 1
    assert result.workers[0].memory is None
    assert result.evidence is Evidence.PROJECTED  # that of its latency


def test_without_a_latency_the_evidence_is_the_target_s(tmp_path) -> None:
    bench = clockless(tmp_path, known=(COUNTED,))
    bench.launch()
    bench.open()
    bench.begin()
    assert bench.close().evidence is Evidence.EMULATED


def test_figures_that_cannot_be_told_fail_the_case(tmp_path) -> None:
    bench = clockless(tmp_path, figures=raising(CaseError("the emulator ended")))
    bench.launch()
    bench.open()
    bench.begin()
    result = bench.close()
    assert result.status is Status.FAILED
    assert "the emulator ended" in (result.reason or "")
