"""Resident memory by phases."""

import json
import subprocess
import sys

import pytest

from tierbench.harness.device import memory, state
from tierbench.harness.device.memory import MemoryWatch

MIB = 1 << 20


PHASES = """
import json
import numpy as np
from tierbench.harness.device.memory import MemoryWatch

def hold(mib):
    return np.ones(mib << 20, dtype=np.uint8)

watch = MemoryWatch()
watch.baseline()
watch.begin()
kept, passing = hold(64), hold(128)
del passing
watch.end("opening")
watch.begin()
watch.end("first_call")
watch.begin()
passing = hold(96)
del passing
watch.end("steady")
print(json.dumps(watch.told()))
"""
"""In a process of its own: one that has freed much before may take from that."""


def test_each_phase_has_a_peak_of_its_own() -> None:
    run = [sys.executable, "-c", PHASES]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    base = told.pop("baseline_bytes")
    assert told.pop("peak_reason") is None
    split = told.pop("steady_anonymous_bytes"), told.pop("steady_file_bytes")
    assert sum(split) == pytest.approx(told["steady_bytes"], abs=MIB)
    above = {name: (count - base) / MIB for name, count in told.items()}
    assert above == pytest.approx(
        {
            "loaded_bytes": 64,
            "steady_bytes": 64,
            "peak_opening_bytes": 192,
            "peak_first_call_bytes": 64,
            "peak_steady_bytes": 160,
            "peak_bytes": 192,
        },
        abs=2,
    )


def test_a_peak_that_cannot_be_reset_is_none(monkeypatch) -> None:
    watch = MemoryWatch()
    watch.baseline()
    watch.begin()
    watch.end("opening")
    monkeypatch.setattr(state, "reset_peak", lambda: "the peak cannot be reset (why)")
    watch.begin()
    watch.end("steady")
    told = watch.told()
    assert told["peak_reason"] == "the peak cannot be reset (why)"
    peaks = {name: v for name, v in told.items() if name.startswith("peak_")}
    del peaks["peak_reason"]
    assert len(peaks) == 1 + len(memory.PHASES)
    assert set(peaks.values()) == {None}
    assert told["loaded_bytes"] > 0
    assert told["steady_bytes"] > 0


def test_without_the_kernels_files_nothing_is_guessed(monkeypatch) -> None:
    monkeypatch.setattr(state, "_read", lambda path: "")
    watch = MemoryWatch()
    watch.baseline()
    for phase in memory.PHASES:
        watch.begin()
        watch.end(phase)
    assert set(watch.told().values()) == {None}
