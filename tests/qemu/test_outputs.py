"""The firmware computes what TensorFlow Lite Micro's interpreter computes."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from support.emulated import built, need_qemu, started
from support.int8_networks import write_every_operator
from support.micro import interpreted
from support.microcontroller import needs_published, published

from tierbench.targets.cortex_m.generator import generate
from tierbench.targets.cortex_m_qemu.machines import MACHINES

SAMPLES = 20
MLPERF = {
    "kws": "kws_ref_model.tflite",
    "vww": "vww_96_int8.tflite",
    "ic": "pretrainedResnet_quant.tflite",
    "ad": "ad01_int8.tflite",
}
KWS_ON_M4_MAX = 2.5 * 7.70e6
"""2.5 times what TensorFlow Lite Micro with CMSIS-NN was counted to take."""

pytestmark = pytest.mark.usefixtures("_qemu")


@pytest.fixture(scope="session")
def _qemu() -> None:
    need_qemu()


@cache
def reference(name: str) -> Path:
    """Build a reference model in int8, and return its file."""
    words = ["models", "build", name, "--variant", "int8", "--format", "tflite"]
    done = subprocess.run(
        [sys.executable, "-m", "tierbench", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    return Path(row["path"])


def judge(model: Path, machine: str, folder: Path, most: float | None = None) -> None:
    """Compare outputs sample by sample, and count one inference three times over."""
    given, (due,) = interpreted(model, folder, SAMPLES)
    elf = built(model, machine)
    with started(machine, elf.path) as (emulator, board):
        for x, y in zip(given, due, strict=True):
            assert emulator.write_input(x.tobytes())
            board.infer(counted=False)
            told = board.outputs()
            assert told is not None
            found = np.frombuffer(told, y.dtype).reshape(y.shape).astype(int)
            assert np.abs(found - y).max() <= 1
        counts = {board.infer(counted=True).instructions for _ in range(3)}
        used = emulator.stack_high_water_bytes()
    assert len(counts) == 1
    (count,) = counts
    assert count is not None
    assert most is None or count <= most
    assert used is not None
    assert 100 < used < 4096


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", ["bearing", "defect"])
def test_a_reference_model_is_computed_alike(name, machine, tmp_path) -> None:
    judge(reference(name), machine, tmp_path)


@needs_published
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", MLPERF)
def test_an_mlperf_tiny_model_is_computed_alike(name, machine, tmp_path) -> None:
    model = published(MLPERF[name])
    bounded = (name, machine) == ("kws", "mps2-an386")
    judge(model, machine, tmp_path, KWS_ON_M4_MAX if bounded else None)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_operator_is_computed_alike(machine, tmp_path) -> None:
    model = write_every_operator(tmp_path / "every.tflite")
    borders = generate(model).outputs
    given, due = interpreted(model, tmp_path, SAMPLES, len(borders))
    with started(machine, built(model, machine).path) as (emulator, board):
        for number, x in enumerate(given):
            emulator.write_input(x.tobytes())
            board.infer(counted=False)
            told = board.outputs()
            assert told is not None
            start = 0
            for place, rows in enumerate(due):
                y = rows[number]
                found = np.frombuffer(told, y.dtype, y.size, start).reshape(y.shape)
                start += y.nbytes
                step = 1e-6 if y.dtype == np.float32 else 1
                off = np.abs(found.astype(float) - y.astype(float)).max()
                assert off <= step, f"output {place} is off by {off}"
            assert start == len(told)
