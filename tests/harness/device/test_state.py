"""What the operating system tells of a process and a machine."""

import os
import platform
import time

import numpy as np

from tierbench.harness.device import state


def test_counters_only_grow() -> None:
    before = state.counters()
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    time.sleep(0.001)
    after = state.counters()
    assert before.keys() == after.keys()
    for name, start in before.items():
        assert start is None or after[name] >= start
    assert after["process_cpu_ns"] > before["process_cpu_ns"]
    assert after["voluntary_switches"] > before["voluntary_switches"]


def test_memory_that_is_taken_is_seen() -> None:
    before = state.memory()["resident_bytes"]
    hoard = np.ones(64 << 20, dtype=np.uint8)
    during = state.memory()
    assert during["resident_bytes"] - before > 60 << 20
    assert during["peak_bytes"] >= during["resident_bytes"]
    del hoard


def test_the_peak_starts_again_where_it_is_reset() -> None:
    hoard = np.ones(64 << 20, dtype=np.uint8)
    high = state.memory()["peak_bytes"]
    del hoard
    assert state.reset_peak() is None
    assert state.memory()["peak_bytes"] < high - (32 << 20)


def test_a_refused_reset_says_why(monkeypatch) -> None:
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    why = state.reset_peak()
    monkeypatch.undo()
    assert why is not None
    assert "clear_refs: Permission denied" in why


def test_a_machine_is_described() -> None:
    found = state.machine()
    assert found["cpu"]
    assert found["cpus"] == os.cpu_count()
    assert found["kernel"] == platform.release()
    assert found["ram_bytes"] > 1 << 28


def test_what_is_not_told_is_none(monkeypatch) -> None:
    """As on a system without Linux' files."""
    monkeypatch.setattr(state, "_read", lambda path: "")
    assert set(state.memory().values()) == {None}
    found = state.counters()
    assert found["run_delay_ns"] is None
    assert found["steal_ticks"] is None
    assert found["voluntary_switches"] is not None
    machine = state.machine()
    assert machine["cpu"]
    assert machine["ram_bytes"] is None
    assert machine["governor"] is None


def test_a_boards_name_comes_before_its_processors(monkeypatch) -> None:
    files = {
        "/proc/cpuinfo": "processor\t: 0\nmodel name\t: Fast CPU\nmodel\t\t: 7\n",
        "/proc/device-tree/model": "Some Board Rev 1.4\x00",
    }
    monkeypatch.setattr(state, "_read", lambda path: files.get(path, ""))
    assert state.machine()["cpu"] == "Some Board Rev 1.4"
    del files["/proc/device-tree/model"]
    assert state.machine()["cpu"] == "Fast CPU"
