"""Model files, mutated: a reason or numbers that were got, in bounded time, always.

Every way that a .tflite file takes into tierbench is tried: its profile, what it needs
of a microcontroller, the interpreter in a worker, the search for its smallest arena,
the firmware's C, and Vela. A seed tries one of them.
"""

import random
import time
from pathlib import Path

import numpy as np
import pytest
from support.fuzzing import explore
from support.microcontroller import damaged, needs_interpreter, quantised
from support.sessions import session

from tierbench.harness.data import synthetic
from tierbench.harness.errors import CaseError, DataError, ModelError, WorkerError
from tierbench.harness.formats import inspect_model
from tierbench.harness.worker import Limits
from tierbench.targets.cortex_m import CortexM
from tierbench.targets.cortex_m.bisection import smallest_arena
from tierbench.targets.cortex_m.generator import generate
from tierbench.targets.cortex_m.sizing import size_model
from tierbench.targets.ethos_u import EthosU
from tierbench.targets.ethos_u.vela import Settings, compile_model, read_estimate

LIMITS = Limits(memory_bytes=4 << 30, open_s=20.0, call_s=20.0)
SECONDS_MAX = 60.0
U55 = Settings(
    accelerator="ethos-u55-128",
    system_config="Ethos_U55_High_End_Embedded",
    memory_mode="Shared_Sram",
    optimise="Performance",
    version="fuzz",
)


def profile(path: Path) -> None:
    found = inspect_model(path, timeout_s=20.0)
    assert found.format == "tflite"
    assert found.parameters is None or found.parameters >= 0


def sizes(path: Path) -> None:
    found = size_model(path, timeout_s=20.0)
    for arena in found.arenas.values():
        assert 0 <= arena.used == arena.head + arena.tail <= arena.needed


def outputs(path: Path) -> None:
    """Run what the plan would let run: it is inspected and checked before."""
    inspect_model(path, timeout_s=20.0)
    if found := size_model(path, timeout_s=20.0).problems:
        raise CaseError("; ".join(found))
    with session(CortexM, path, limits=LIMITS) as worker:
        inputs = synthetic(worker.open().inputs, 1, 0)
        worker.bind(inputs)
        first, second = worker.evaluate(inputs), worker.evaluate(inputs)
    for one, other in zip(first, second, strict=True):
        assert one.shape == other.shape
        assert one.dtype.kind in "iufb"
        if one.dtype.kind != "f":
            np.testing.assert_array_equal(one, other)


def smallest(path: Path) -> None:
    found = smallest_arena(path, timeout_s=20.0)
    assert found.smallest > 0
    assert found.smallest % 16 == 0
    if found.total is not None:
        assert found.total == found.head + found.tail


def firmware(path: Path) -> None:
    found = generate(path)
    assert found.source.isascii()
    assert found.arena_bytes > 0


def compiled(path: Path) -> None:
    found = read_estimate(compile_model(path, U55))
    assert found.npu_operators > 0
    assert found.cycles_total >= 0


@pytest.mark.real
def test_mutated_files_end_as_a_reason_or_as_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_interpreter()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    whole = quantised(tmp_path).read_bytes()
    ways = [profile] * 9 + [sizes] * 9 + [outputs] * 4 + [smallest] * 2
    ways += [firmware] * 3
    if EthosU().unavailable() is None:
        ways.append(compiled)
    met = set()

    def one(dice: random.Random) -> None:
        path = tmp_path / "mutated.tflite"
        path.write_bytes(damaged(whole, dice))
        way, began, reason = dice.choice(ways), time.monotonic(), None
        try:
            way(path)
        except (ModelError, CaseError, DataError, WorkerError) as exc:
            reason = str(exc)
        met.add((way.__name__, "numbers" if reason is None else "reason"))
        assert reason is None or (reason and "\n" not in reason)
        assert time.monotonic() - began < SECONDS_MAX

    if explore("tflite", 250, one) >= 250:
        for name in ("profile", "sizes", "outputs", "smallest", "firmware"):
            assert {(name, "numbers"), (name, "reason")} <= met
