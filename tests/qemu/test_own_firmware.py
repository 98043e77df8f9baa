"""A firmware that somebody else built runs as it is."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.emulated import need_qemu, started
from support.int8_networks import Network

from tierbench.targets.cortex_m_qemu.figures import figures

HERE = Path(__file__).parent
TURNS = 100_000
LOOP = 2 + 2 * TURNS
"""What the source says: two instructions, then two a turn."""

CALLS_MAX = 8
"""The returns and calls around it, whatever the compiler made of them."""

SWEEP = """
name = "own"
profile = "smoke"

[[model]]
path = "sum.tflite"


[[target]]
use = "cortex-m-qemu"
elf = "own.elf"
"""


@pytest.fixture(autouse=True)
def _qemu() -> None:
    need_qemu()


def compiled(out: Path, *flags: str) -> Path:
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-O1", "-nostdlib"]
    command += ["-ffreestanding", f"-DTURNS={TURNS}", *flags, "-Wl,--build-id=none"]
    command += ["-T", str(HERE / "own_firmware.ld"), str(HERE / "own_firmware.c")]
    subprocess.run([*command, "-lgcc", "-o", str(out)], check=True, timeout=60)
    return out


def test_instructions_between_markers_are_those_of_the_source(tmp_path) -> None:
    elf = compiled(tmp_path / "own.elf", "-DMARKED")
    with started("mps2-an386", elf) as (emulator, board):
        assert emulator.counts
        counts = [board.infer(counted=True).instructions for _ in range(5)]
        assert emulator.stack_high_water_bytes() is None
    assert len(set(counts)) == 1
    assert counts[0] is not None
    assert LOOP < counts[0] <= LOOP + CALLS_MAX


def test_without_markers_its_own_clock_tells_them_within_a_tick(tmp_path) -> None:
    elf = compiled(tmp_path / "own.elf")
    with started("mps2-an386", elf) as (emulator, board):
        assert not emulator.counts
        answer = board.infer(counted=False)
    instructions = figures({"virtual_us": answer.device_us}, {})[0]
    assert instructions.low is not None
    assert instructions.high is not None
    # Its own printing of the first lap's end lies within the window too.
    assert instructions.low <= LOOP + 2000
    assert instructions.high >= LOOP


def test_results_follow_the_input_over_the_line(tmp_path) -> None:
    elf = compiled(tmp_path / "own.elf", "-DMARKED")
    with started("mps2-an386", elf) as (emulator, board):
        for values in (np.arange(16, dtype=np.int8), np.full(16, -128, np.int8)):
            assert not emulator.write_input(values.tobytes())
            board.load(values.tobytes())
            assert board.infer(counted=False).results == (float(values.sum(dtype=int)),)
        assert board.outputs() is None


def test_a_sweep_runs_it(tmp_path) -> None:
    compiled(tmp_path / "own.elf", "-DMARKED")
    net = Network((1, 16))
    net.weighed("FULLY_CONNECTED", "FullyConnectedOptions", (1, 16), (1, 1))
    net.write(tmp_path / "sum.tflite")
    (tmp_path / "own.toml").write_text(SWEEP)
    for words in (["run", "own.toml"], ["results", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "tierbench", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    (row,) = json.loads(done.stdout)
    assert row["evidence"] == "EMULATED"
    assert LOOP < row["instructions"]["value"] <= LOOP + CALLS_MAX
    assert row["latency_ms"] is None or row["latency_ms"].get("value") is None
