"""Whole runs: reuse, failures, and going on after every kind of death."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from support.plans import plan_of, write_model

from tierbench.harness.progress import Silence
from tierbench.harness.run import Outcome, run_plan
from tierbench.harness.store import Store
from tierbench.harness.values import Phase, Result, Status
from tierbench.targets.sim import Sim

SUMS = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from support.plans import plan_of
from tierbench.harness.progress import Silence
from tierbench.harness.run import run_plan
from tierbench.harness.store import Store
folder = Path(sys.argv[1])
with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
    outcome = run_plan(plan_of(folder, 'use = "sim"'), store, Silence())
    for result in store.results(outcome.run.id):
        print([int(block.values("latency").sum()) for block in result.blocks])
"""
SCRIPT = Path(__file__).parents[1] / "support" / "interrupted.py"


def run(folder: Path, *targets: str, fresh: bool = False, **plan: str) -> Outcome:
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        return run_plan(
            plan_of(folder, *targets, **plan), store, Silence(), fresh=fresh
        )


def results(folder: Path, run_id: str) -> list[Result]:
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        return list(store.results(run_id))


def test_every_case_ends_with_samples_of_three_workers(tmp_path: Path) -> None:
    outcome = run(tmp_path, 'use = "sim"\nlatency_us = [500.0, 1000.0]')
    found = results(tmp_path, outcome.run.id)
    assert [result.status for result in found] == [Status.OK] * 2
    for result in found:
        assert {block.worker for block in result.blocks} == {0, 1, 2}
        assert [b.phase for b in result.blocks].count(Phase.WARMUP) == 3
        assert len(result.workers) == 3
        assert all(w.first_call_ns > 0 for w in result.workers)


def test_cases_of_one_machine_take_turns(tmp_path: Path) -> None:
    outcome = run(tmp_path, 'use = "sim"\nlatency_us = [500.0, 1000.0, 2000.0]')
    blocks = [b for r in results(tmp_path, outcome.run.id) for b in r.blocks]
    measured = [block for block in blocks if block.phase is Phase.MEASURE]
    per_round = Counter(block.round for block in measured)
    assert per_round[0] == per_round[5] == 3
    order = sorted(measured, key=lambda block: block.offset_ns)
    assert [block.round for block in order] == sorted(per_round.elements())
    ends = [block.offset_ns + block.elapsed_ns for block in order]
    starts = [block.offset_ns for block in order]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


def test_a_second_run_measures_nothing_again(tmp_path: Path) -> None:
    target = 'use = "sim"\nlatency_us = [500.0, 1000.0]'
    first = run(tmp_path, target)
    second = run(tmp_path, target)
    assert second.reused == 2
    assert not second.statuses
    ids = {result.id for result in results(tmp_path, first.run.id)}
    assert {result.id for result in results(tmp_path, second.run.id)} == ids
    third = run(tmp_path, target, fresh=True)
    assert third.statuses == {Status.OK: 2}


def test_only_what_changed_is_measured_again(tmp_path: Path) -> None:
    run(tmp_path, 'use = "sim"\nlatency_us = [500.0, 1000.0]')
    option = run(tmp_path, 'use = "sim"\nlatency_us = [500.0, 1500.0]')
    assert (option.reused, option.statuses) == (1, {Status.OK: 1})
    runtime = run(
        tmp_path, 'use = "sim"\nruntime_version = "2"\nlatency_us = [500.0, 1500.0]'
    )
    assert (runtime.reused, runtime.statuses) == (0, {Status.OK: 2})
    write_model(tmp_path, constant=2.0)
    model = run(tmp_path, 'use = "sim"\nlatency_us = [500.0, 1500.0]')
    assert (model.reused, model.statuses) == (0, {Status.OK: 2})


def test_a_nightly_measures_what_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = 'use = "sim"\nlatency_us = 5000.0'
    run(tmp_path, target, profile="nightly")
    assert run(tmp_path, target, profile="nightly").reused == 1
    tomorrow = time.time_ns() + 24 * 3600 * 10**9
    monkeypatch.setattr("tierbench.harness.run.time.time_ns", lambda: tomorrow)
    assert run(tmp_path, target, profile="nightly").statuses == {Status.OK: 1}


def test_a_failed_case_is_tried_again(tmp_path: Path) -> None:
    target = 'use = "sim"\nclock = "real"\nfault = "raise"'
    for _ in range(2):
        outcome = run(tmp_path, target)
        assert outcome.statuses == {Status.FAILED: 1}


def test_what_does_not_converge_says_what_it_reached(tmp_path: Path) -> None:
    target = 'use = "sim"\nslice_noise = 1.5\nlatency_us = 2000.0'
    outcome = run(tmp_path, target)
    (found,) = results(tmp_path, outcome.run.id)
    assert found.status is Status.NOT_CONVERGED
    assert found.reason is not None
    assert "the target is ±10.0%" in found.reason


def test_throttling_is_told_with_its_evidence(tmp_path: Path) -> None:
    targets = ('use = "sim"\nthrottle_after_s = [0.0, 0.4]',)
    outcome = run(tmp_path, *targets)
    clean, throttled = results(tmp_path, outcome.run.id)
    assert clean.throttled == "clean"
    assert throttled.throttled == "throttled"
    assert throttled.throttled_reason is not None


FAULTS = {
    "abort": (Status.FAILED, "SIGABRT"),
    "segfault": (Status.FAILED, "SIGSEGV"),
    "exit": (Status.FAILED, "status 7"),
    "hang": (Status.TIMED_OUT, "within"),
    "memory": (Status.FAILED, "MemoryError"),
    "raise": (Status.FAILED, "refuses this call"),
    "print": (Status.OK, None),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
@pytest.mark.parametrize("after", [0, 60])
def test_a_fault_takes_no_other_case_with_it(
    tmp_path: Path, fault: str, after: int
) -> None:
    healthy = 'use = "sim"\nclock = "real"\nlatency_us = 200.0'
    sick = f'{healthy}\nfault = "{fault}"\nfault_after_calls = {after}'
    limits = "[limits]\nmemory_mb = 300\ncall_s = 2.0\nopen_s = 5.0\n"
    outcome = run(tmp_path, healthy, sick, rest=limits)
    well, ill = results(tmp_path, outcome.run.id)
    assert well.status in (Status.OK, Status.NOT_CONVERGED)
    status, words = FAULTS[fault]
    assert ill.status is status or status is Status.OK
    if words is not None:
        assert words in (ill.reason or "")
        assert outcome.failed == 1


class Killing(Silence):
    """Kill a case's workers from outside while one of them is in a block."""

    def __init__(self, victim: int) -> None:
        self._victim = victim

    def block(self, bench, block) -> None:
        sick = bench.planned.case.options["seed"] == self._victim
        if sick and block.phase is Phase.MEASURE:
            for worker in bench._workers:
                threading.Timer(0.03, os.kill, (worker.pid, signal.SIGKILL)).start()
            self._victim = -1


def test_a_worker_killed_in_a_block_takes_no_other_case_with_it(tmp_path: Path) -> None:
    target = 'use = "sim"\nclock = "real"\nlatency_us = 5000.0\nseed = [1, 2]'
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as store:
        outcome = run_plan(plan_of(tmp_path, target), store, Killing(victim=2))
    well, ill = sorted(
        results(tmp_path, outcome.run.id), key=lambda r: int(r.case.options["seed"])
    )
    assert well.status in (Status.OK, Status.NOT_CONVERGED)
    assert ill.status is Status.FAILED
    assert "SIGKILL" in (ill.reason or "")
    assert any(block.phase is Phase.MEASURE for block in ill.blocks)


def test_twenty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    told = tmp_path / "acknowledged"
    told.touch()
    write_model(tmp_path)
    kills = 0
    while kills < 20:
        if _killed_while_measuring(tmp_path, told, chance):
            kills += 1
            continue
        _check_all_there(tmp_path, told)
        (tmp_path / "results.db").unlink()
        told.write_bytes(b"")
    subprocess.run([sys.executable, SCRIPT, tmp_path, told], check=True)
    _check_all_there(tmp_path, told)


def _killed_while_measuring(folder: Path, told: Path, chance: random.Random) -> bool:
    """Kill a run some blocks from its start; return whether it had not ended yet."""
    child = subprocess.Popen([sys.executable, SCRIPT, folder, told])
    goal_bytes = told.stat().st_size + 80 * chance.randrange(60)
    while child.poll() is None and told.stat().st_size < goal_bytes:
        time.sleep(0.001)
    time.sleep(0.005 * chance.random())
    child.kill()
    return child.wait() == -signal.SIGKILL


def _check_all_there(folder: Path, told: Path) -> None:
    """Every acknowledged block is in the store, once, in its place."""
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        # one killed between its end and its exit is followed by one that reuses all
        last = store.runs()[0]
        found = list(store.results(last.id))
    assert last.status == "finished"
    assert len(found) == len({result.case.key for result in found}) == 12
    kept = set()
    for result in found:
        indices = [block.index for block in result.blocks]
        assert indices == list(range(len(indices)))
        for block in result.blocks:
            latency = block.values("latency")
            assert latency is not None
            kept.add((result.case.key, block.index, block.worker, int(latency[0])))
    acknowledged = [
        (key, int(index), int(worker), int(first))
        for key, index, worker, first in map(str.split, told.read_text().splitlines())
    ]
    assert len(acknowledged) == len(set(acknowledged))
    assert set(acknowledged) <= kept
    assert not list((folder / "journal").glob("*"))


def test_a_run_that_is_asked_to_leave_goes_on_later(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, 'use = "sim"\nlatency_us = [500.0, 1000.0]')
    asked = iter([False] * 5 + [True] * 1000)
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as store:
        first = run_plan(plan, store, Silence(), stopping=lambda: next(asked))
        assert first.interrupted
        second = run_plan(plan, store, Silence())
    assert second.run.id == first.run.id
    assert second.statuses == {Status.OK: 2}
    for result in results(tmp_path, second.run.id):
        assert len({block.worker for block in result.blocks}) == 6


@pytest.mark.parametrize("lost", [False, True], ids=["journal", "journal lost"])
def test_what_is_measured_after_a_break_is_not_paired_with_what_was_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    monkeypatch.setattr("tierbench.harness.scheduler.OPEN_CASES_MAX", 1)
    plan = plan_of(tmp_path, 'use = "sim"\nlatency_us = [500.0, 1000.0]')
    ended: list[Result] = []
    progress = Silence()
    monkeypatch.setattr(progress, "result", ended.append)
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as store:
        first = run_plan(plan, store, progress, stopping=lambda: bool(ended))
        assert first.statuses == {Status.OK: 1}
        if lost:  # with the machine's power
            (tmp_path / "journal" / f"{first.run.id}.journal").unlink()
        run_plan(plan, store, Silence())
    before, after = (
        [block for block in result.blocks if block.phase is Phase.MEASURE]
        for result in results(tmp_path, first.run.id)
    )
    assert max(b.round for b in before) < min(b.round for b in after)
    assert before[-1].offset_ns < after[0].offset_ns


def test_what_another_environment_measured_is_not_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(tmp_path, 'use = "sim"')
    asked = iter([False] * 5 + [True] * 1000)
    with Store.open(f"sqlite:///{tmp_path / 'results.db'}") as store:
        run_plan(plan, store, Silence(), stopping=lambda: next(asked))
        describe = Sim.describe
        monkeypatch.setattr(
            Sim, "describe", lambda self: replace(describe(self), runtime_version="2")
        )
        second = run_plan(plan, store, Silence())
    (found,) = results(tmp_path, second.run.id)
    assert {block.worker for block in found.blocks} == {0, 1, 2}
    assert all(b.round > 0 for b in found.blocks if b.phase is Phase.MEASURE)


def test_the_same_result_whatever_the_clock_says(tmp_path: Path) -> None:
    """Virtual time is deterministic: two stores hold the same samples."""
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", SUMS, folder, Path(__file__).parents[1]],
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(done.stdout)
    assert found[0] == found[1]
