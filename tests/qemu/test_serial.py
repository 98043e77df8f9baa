"""The serial adapter drives real Arm code over a pseudo-terminal, start to finish."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.components import missing

from tierbench.harness import windows
from tierbench.harness.plan import make_plan
from tierbench.harness.progress import Silence
from tierbench.harness.results import rows
from tierbench.harness.run import run_plan
from tierbench.harness.store import Store
from tierbench.harness.sweep import parse_sweep
from tierbench.models import bearing
from tierbench.targets.cortex_m.generator import generate
from tierbench.targets.cortex_m_qemu import CortexMQemu
from tierbench.targets.cortex_m_qemu.build import build
from tierbench.targets.cortex_m_qemu.machines import MACHINES
from tierbench.targets.cortex_m_serial import worker

MACHINE = "mps2-an386"
SAMPLES = 12
WINDOW_NS = 2_000_000_000

SWEEP = """\
name = "board"
profile = "smoke"
[[model]]
path = "model.tflite"
data = "data.npz"
[[target]]
use = "cortex-m-serial"
port = "{port}"
[[target]]
use = "cortex-m"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an int8 model, its firmware, and data to judge it by."""
    if found := CortexMQemu().unavailable():
        missing("qemu", f"{found.reason}; {found.remedy}")
    made = tmp_path_factory.mktemp("board")
    built = bearing.model.build("int8", "tflite", made)
    (made / "model.tflite").write_bytes(built.path.read_bytes())
    elf = build(generate(made / "model.tflite"), MACHINES[MACHINE]).path
    (made / "firmware.elf").write_bytes(elf.read_bytes())
    data = bearing.model.evaluation()
    (array,) = data.inputs.values()
    arrays: dict[str, Any] = {"input": array[:SAMPLES], "labels": data.labels[:SAMPLES]}
    np.savez(made / "data.npz", **arrays)
    return made


@contextmanager
def emulated(firmware: Path) -> Iterator[str]:
    """Start a firmware in QEMU by the host's clock, and return its pseudo-terminal."""
    command = ["qemu-system-arm", "-M", MACHINE, "-display", "none", "-monitor", "none"]
    process = subprocess.Popen(
        [*command, "-serial", "pty", "-kernel", str(firmware)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = re.search(r"redirected to (/dev/\S+)", process.stdout.readline())
        assert told is not None
        yield told[1]
    finally:
        process.kill()
        process.communicate()


def run(folder: Path, port: str) -> dict[str, dict[str, Any]]:
    """Run the sweep and return its rows by target."""
    plan = make_plan(parse_sweep(SWEEP.format(port=port), "board.toml", folder))
    with Store.open(f"sqlite:///{tempfile.mkdtemp(dir=folder)}/results.db") as store:
        run_plan(plan, store, Silence())
        return {row["target"]: row for row in rows(store)}


def test_an_emulator_is_not_taken_for_a_board(folder: Path) -> None:
    with emulated(folder / "firmware.elf") as port:
        row = run(folder, port)["cortex-m-serial"]
    assert row["status"] == "failed"
    assert "an emulator's times are no board's" in row["reason"]


def test_performance_and_accuracy_start_to_finish(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it a board: windows and outputs come over the line as they should."""
    monkeypatch.setattr(worker, "EMULATED", "nothing")
    monkeypatch.setattr(windows, "WINDOW_NS", WINDOW_NS)
    with emulated(folder / "firmware.elf") as port:
        found = run(folder, port)
    row, interpreter = found["cortex-m-serial"], found["cortex-m"]
    assert (row["status"], row["reason"]) == ("ok", None)
    assert row["ran"]["mode"] == "performance"
    assert row["slices"] == windows.WINDOWS
    assert 1 < row["latency_ms"]["median"] < 10_000
    assert row["accuracy"]["n"] == SAMPLES
    assert row["accuracy"]["value"] == interpreter["accuracy"]["value"] > 0.5
