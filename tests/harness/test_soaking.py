"""One finalist under sustained load, on a device in virtual time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.benches import Notes
from support.plans import plan_of

from tierbench.harness.errors import CaseError, StoreError, WorkerDied
from tierbench.harness.soak import summarise_soak
from tierbench.harness.soaking import BLOCK_NS, KEPT_MAX, Soaking
from tierbench.harness.throttling import Verdict as Throttling
from tierbench.harness.timeline import Timeline
from tierbench.harness.values import BlockKind, Phase
from tierbench.harness.watch import StateReader
from tierbench.targets.sim import Sim
from tierbench.targets.sim.worker import SimWorker, now_ns

OFFLINE = '[workload]\nscenario = "offline"\n'


@pytest.fixture
def soaking(tmp_path: Path):
    def made(target: str = "", seconds: float = 300.0, rest: str = "", **changes):
        table = f'use = "sim"\ndevice = "{tmp_path.name}"\n{target}'
        (planned,) = plan_of(tmp_path, table, rest=rest).cases
        return Soaking(
            planned=planned,
            seconds=seconds,
            worker=5,
            first_index=40,
            recorder=changes.pop("recorder", Notes()),
            timeline=Timeline(),
            **changes,
        )

    return made


def test_it_lasts_as_long_as_was_asked_in_blocks_of_5_s(soaking) -> None:
    notes = Notes()
    run = soaking("latency_us = 10000.0", recorder=notes)
    assert (run.measured_s, run.done, run.share_done()) == (0.0, False, 0.0)
    run.run()
    assert run.failure is None
    assert run.done
    assert run.share_done() == 1.0
    assert 300 <= run.measured_s < 306
    assert {block.kind for block in run.blocks} == {BlockKind.SOAK}
    assert {block.phase for block in run.blocks} == {Phase.SOAK}
    assert {block.worker for block in run.blocks} == {5}
    assert [block.index for block in run.blocks] == list(range(40, 100))
    assert all(block.elapsed_ns >= BLOCK_NS for block in run.blocks[1:])
    assert all(block.context["soak_s"] == 300.0 for block in run.blocks)
    assert [kept for _, kept in notes.kept] == run.blocks


def test_the_load_has_no_pause(soaking) -> None:
    run = soaking("latency_us = 10000.0")
    run.run()
    ends = [block.offset_ns + block.elapsed_ns for block in run.blocks]
    starts = [block.offset_ns for block in run.blocks]
    assert all(0 <= b - a < 10_000 for a, b in zip(ends, starts[1:], strict=False))


def test_the_device_rests_before(soaking) -> None:
    run = soaking(seconds=180.0)
    machine = run.planned.target.machine
    before = now_ns(machine)
    run.stopping = lambda: now_ns(machine) > before + 29_500_000_000
    run.run()
    assert run.blocks == []
    assert now_ns(machine) == pytest.approx(before + 30e9)
    assert run.share_done() == pytest.approx(1 / 7), "the rest takes its time too"


def test_the_device_is_watched_all_along(soaking, monkeypatch) -> None:
    reader = StateReader(module="support.counting_reader")
    monkeypatch.setattr(Sim, "readers", lambda self: (reader,))
    run = soaking("latency_us = 10000.0", seconds=180.0)
    run.run()
    assert run.failure is None
    for block in run.blocks:
        seen = block.values("count: count")
        assert seen is not None
        assert len(seen) >= 2


def test_a_reader_that_cannot_be_opened_is_told_of_in_the_verdict(
    soaking, monkeypatch
) -> None:
    reader = StateReader(module="support.counting_reader", options={"fault": "nothing"})
    monkeypatch.setattr(Sim, "readers", lambda self: (reader,))
    monkeypatch.setattr(SimWorker, "block", unflagged(SimWorker.block))
    run = soaking("latency_us = 10000.0", seconds=180.0)
    run.run()
    assert run.failure is None
    found = summarise_soak(run.planned.case, run.blocks)
    assert found is not None
    assert found.throttling == Throttling(
        state="unknown", reason="there is nothing to read here"
    )


def unflagged(block):
    """Return a worker's ``block`` that does not tell by itself of throttling."""

    def told(self, stretch):
        measured = block(self, stretch)
        context = {k: v for k, v in measured.context.items() if k != "throttled"}
        return replace(measured, context=context)

    return told


def test_of_quick_calls_every_nth_is_kept(soaking) -> None:
    run = soaking("latency_us = 200.0\nnoise = 0.0", seconds=180.0)
    run.run()
    block = run.blocks[-1]
    latency = block.values("latency")
    assert latency is not None
    assert block.calls > 20_000
    assert len(latency) == -(-block.calls // block.context["kept_every"]) <= KEPT_MAX
    assert np.all(latency == 200_000)
    slow = soaking("latency_us = 10000.0", seconds=180.0)
    slow.run()
    assert slow.blocks[-1].context["kept_every"] == 1
    kept = slow.blocks[-1].values("latency")
    assert kept is not None
    assert len(kept) == slow.blocks[-1].calls


def test_offline_calls_overlap(soaking) -> None:
    target = "latency_us = 40000.0\ndepth = 4\nnoise = 0.0"
    run = soaking(target, seconds=180.0, rest=OFFLINE)
    run.run()
    block = run.blocks[-1]
    assert block.kind is BlockKind.SOAK
    assert block.elapsed_ns / block.calls == pytest.approx(10e6, rel=0.05)


def test_calls_of_minutes_are_a_block_each(soaking) -> None:
    run = soaking("latency_us = 7e6\nnoise = 0.0", seconds=180.0)
    run.run()
    assert {block.calls for block in run.blocks} == {1}
    assert len(run.blocks) == 26


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (WorkerDied("it died"), "failed after 10 of 300 s: it died"),
        (ZeroDivisionError("zero"), "the target failed: ZeroDivisionError: zero"),
    ],
)
def test_a_failure_is_told_with_what_was_measured(
    soaking, monkeypatch, error, words
) -> None:
    block, left = SimWorker.block, iter([True, True, False])
    closed = []

    def failing(self, stretch):
        if not next(left):
            raise error
        return block(self, stretch)

    monkeypatch.setattr(SimWorker, "block", failing)
    monkeypatch.setattr(SimWorker, "close", lambda self: closed.append(self))
    run = soaking("latency_us = 10000.0\nnoise = 0.0")
    run.run()
    assert words in (run.failure or "")
    assert not run.done
    assert len(run.blocks) == 2
    assert len(closed) == 1


@pytest.mark.parametrize("act", ["launch", "prepare"])
def test_a_target_that_cannot_start_fails_it(soaking, monkeypatch, act) -> None:
    def refuse(*_):
        raise CaseError("not today")

    monkeypatch.setattr(Sim, act, refuse)
    run = soaking()
    run.run()
    assert run.failure == "the sustained run failed after 0 of 300 s: not today"


def test_a_journal_that_fails_is_no_fault_of_the_case(soaking) -> None:
    notes = Notes()

    def full(*_):
        raise StoreError("the disk is full")

    notes.block = full  # type: ignore[method-assign]
    run = soaking(recorder=notes)
    with pytest.raises(StoreError, match="disk is full"):
        run.run()
    assert (run.failure, run.blocks) == (None, [])


def test_asked_to_leave_it_ends_after_the_block(soaking) -> None:
    run = soaking("latency_us = 10000.0")
    run.stopping = lambda: len(run.blocks) == 3
    run.run()
    assert (len(run.blocks), run.done, run.failure) == (3, False, None)
