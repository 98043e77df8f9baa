"""Watching a machine around its blocks: what it tells, and that it fails no case."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.benches import sim_benches
from support.sysfs_tree import processor, write_tree, zone

from tierbench.harness.errors import CaseError
from tierbench.harness.results import row
from tierbench.harness.scheduler import Machine
from tierbench.harness.store import Store
from tierbench.harness.values import BlockKind, Result, Run
from tierbench.harness.watch import LINUX, StateReader, Watch, linux, same_clock
from tierbench.harness.worker import Measured
from tierbench.targets.sim import Sim

COUNTING = StateReader(module="support.counting_reader")
CPUFREQ, THERMAL, _ = LINUX


def a_measured(started_ns: int = 0) -> Measured:
    return Measured(
        started_at_ns=0,
        started_ns=started_ns,
        elapsed_ns=1,
        latency_ns=np.array([1]),
        gap_ns=np.array([], dtype=np.int64),
        off_cpu_ns=None,
        context={},
    )


def rooted(reader: StateReader, root: Path) -> StateReader:
    return replace(reader, options={"root": str(root)})


def test_readings_are_told_from_the_blocks_start(monkeypatch) -> None:
    import time

    with Watch([COUNTING]) as watch:
        began = time.monotonic_ns()
        _, (count, share) = watch.around([COUNTING], lambda: a_measured(began))
    assert count.quantity == "count: count"
    assert share.quantity == "share: half"
    assert count.times is not None
    assert 0 < count.times[0] < count.times[-1] < 60 * 10**9
    assert len(count.values) >= 2


def test_a_reader_of_another_machine_is_refused() -> None:
    away = "ssh://board/usr/bin/python3"
    assert same_clock(linux(None), None) == LINUX
    assert {reader.python for reader in same_clock(linux(away), away)} == {away}
    with pytest.raises(CaseError, match="reads another machine than the target's"):
        same_clock(LINUX, away)


def test_each_case_gets_what_its_own_readers_told(tmp_path) -> None:
    root = write_tree(tmp_path, {**processor(), **zone()})
    cpu, heat = rooted(CPUFREQ, root), rooted(THERMAL, root)
    with Watch([cpu, heat, cpu]) as watch:
        _, seen = watch.around([heat], a_measured)
        assert {s.quantity for s in seen} == {
            "temperature: cpu-thermal",
            "margin: cpu-thermal",
        }
        _, seen = watch.around([cpu], a_measured)
        assert sum(s.quantity == "clock: cpu" for s in seen) == 1
        assert watch.around([], a_measured)[1] == ()


def test_why_nothing_is_told_is_kept_by_reader(tmp_path) -> None:
    cpu, heat = rooted(CPUFREQ, tmp_path), rooted(THERMAL, tmp_path)
    with Watch([cpu, heat]) as watch:
        assert watch.around([cpu], a_measured)[1] == ()
        assert set(watch.missing) == {cpu.module, heat.module}
        assert set(watch.why_missing([heat])) == {heat.module}


def test_a_python_that_is_none_is_told_and_fails_nothing() -> None:
    reader = replace(COUNTING, python="/nowhere/python")
    with Watch([reader]) as watch:
        assert watch.around([reader], a_measured)[1] == ()
        assert "cannot be started" in watch.missing[reader.module]


def test_a_block_that_fails_ends_the_sampling_and_the_next_goes_on() -> None:
    def fail() -> Measured:
        raise CaseError("lost")

    with Watch([COUNTING]) as watch:
        with pytest.raises(CaseError, match="lost"):
            watch.around([COUNTING], fail)
        assert len(watch.around([COUNTING], a_measured)[1]) == 2


def test_a_monitor_that_dies_is_told_and_the_block_stands() -> None:
    with Watch([COUNTING]) as watch:

        def killing() -> Measured:
            os.kill(watch._monitors[0].pid, signal.SIGKILL)
            return a_measured()

        assert watch.around([COUNTING], killing)[1] == ()
        assert "SIGKILL" in watch.missing[COUNTING.module]
        assert watch.around([COUNTING], a_measured)[1] == ()


REAL = 'use = "sim"\nclock = "real"\nlatency_us = [300.0, 400.0]'


def results(
    folder: Path, monkeypatch, readers: tuple[StateReader, ...]
) -> list[Result]:
    monkeypatch.setattr(Sim, "readers", lambda self: readers)
    benches = sim_benches(folder, REAL)
    return list(Machine(name="sim", benches=benches, seed=0).measure())


def test_a_case_is_judged_by_what_was_read_and_keeps_it(tmp_path, monkeypatch) -> None:
    root = write_tree(tmp_path / "root", {**processor(), **zone()})
    readers = (rooted(CPUFREQ, root), rooted(THERMAL, root))
    found = results(tmp_path, monkeypatch, readers)
    assert len(found) == 2
    for result in found:
        assert result.throttled == "clean"
        assert result.throttled_reason == "cpu worked at 2.00 GHz throughout"
        kinds = {block.kind for block in result.blocks}
        assert kinds == {BlockKind.SLICE}
    run = Run(
        id="run", name="n", sweep_sha256="0", sweep={}, started_at_ns=0, trigger="t"
    )
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        store.add_run(run)
        store.add_result(found[0])
        (kept,) = store.results("run")
    state = row(kept)["state"]
    assert state == row(found[0])["state"]
    assert state["clocks"][0]["during_hz"] == 2e9
    assert state["governor"] == "performance"
    assert state["temperatures"][0]["during_max_c"] == 50


def test_without_sensors_it_is_unknown_and_says_why(tmp_path, monkeypatch) -> None:
    (tmp_path / "root").mkdir()
    readers = (rooted(CPUFREQ, tmp_path / "root"),)
    for result in results(tmp_path, monkeypatch, readers):
        assert result.throttled == "unknown"
        assert "no clock of the processor" in (result.throttled_reason or "")


def test_a_target_whose_readers_fail_fails_alone(tmp_path, monkeypatch) -> None:
    def broken(self: Sim) -> tuple[StateReader, ...]:
        if self.settings["latency_us"] == 300.0:
            raise RuntimeError("plug-in")
        return ()

    monkeypatch.setattr(Sim, "readers", broken)
    benches = sim_benches(tmp_path, REAL.replace('clock = "real"\n', ""))
    statuses = {
        result.case.options["latency_us"]: (str(result.status), result.reason)
        for result in Machine(name="sim", benches=benches, seed=0).measure()
    }
    assert statuses[300.0] == ("failed", "the target failed: RuntimeError: plug-in")
    assert statuses[400.0][0] == "ok"
