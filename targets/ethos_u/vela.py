"""Vela, Arm's compiler for Ethos-U: run in a child process, its summary read by name.

What it prints and writes is described in the package's ``OPTIONS.md`` and
``PERFORMANCE.md`` (ethos-u-vela 5.2.0): sizes are in KiB, the time in seconds, the
clock in Hz; operators that are left to the CPU are counted on standard output alone.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ...harness.cache import cache_folder
from ...harness.child import run
from ...harness.errors import CaseError, InfrastructureError
from ...harness.hashing import file_sha256
from ...harness.values import canonical_json

SCRIPT = Path(__file__).parent / "compile.py"
CONFIG = "Arm/vela.ini"
"""The configuration file that comes with Vela."""
TIMEOUT_S = 300.0
MODEL, SUMMARY, TOLD = "model_vela.tflite", "summary.csv", "told.json"
SUMMARY_BYTES_MAX = 1 << 20

SYSTEM_CONFIGS: Mapping[str, tuple[str, ...]] = {
    "ethos-u55": ("Ethos_U55_Deep_Embedded", "Ethos_U55_High_End_Embedded"),
    "ethos-u65": (
        "Ethos_U65_Embedded",
        "Ethos_U65_Mid_End",
        "Ethos_U65_High_End",
        "Ethos_U65_Client_Server",
    ),
    "ethos-u85": (
        "Ethos_U85_SYS_Flash_Low",
        "Ethos_U85_SYS_Flash_High",
        "Ethos_U85_SYS_DRAM_Low",
        "Ethos_U85_SYS_DRAM_Mid",
        "Ethos_U85_SYS_DRAM_High",
    ),
}
_SHARED = ("Sram_Only", "Shared_Sram")
_DEDICATED = (
    "Dedicated_Sram",
    "Dedicated_Sram_256KB",
    "Dedicated_Sram_384KB",
    "Dedicated_Sram_512KB",
)
MEMORY_MODES: Mapping[str, tuple[str, ...]] = {
    "ethos-u55": _SHARED,
    "ethos-u65": (*_SHARED, *_DEDICATED),
    "ethos-u85": (*_SHARED, *_DEDICATED),
}

_COUNTED = re.compile(r"^(CPU|NPU) operators = (\d+) \(", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a model is compiled for."""

    accelerator: str
    system_config: str
    memory_mode: str
    optimise: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What Vela tells of a compiled model: its own estimate, never measured."""

    cycles_npu: float
    cycles_total: float
    inference_s: float
    core_clock_hz: float
    sram_bytes: float
    dram_bytes: float
    flash_bytes: float
    cpu_operators: int
    npu_operators: int


def compile_model(model: Path, settings: Settings, python: str | None = None) -> Path:
    """Return the compiled .tflite file, from the cache where it was made before.

    Raises:
        CaseError: Vela refuses the model, crashes, hangs, or leaves all to the CPU.
    """
    content = {"model": file_sha256(model), **asdict(settings)}
    key = hashlib.sha256(canonical_json(content).encode()).hexdigest()[:32]
    folder = cache_folder("vela")
    kept = folder / key
    if not (kept / TOLD).is_file():
        with tempfile.TemporaryDirectory(dir=folder) as made:
            _compile(model, settings, python, Path(made))
            _keep(Path(made) / "kept", kept)
    return kept / MODEL


def read_estimate(compiled: Path) -> Estimate:
    """Return what Vela told when it made a compiled file.

    Raises:
        CaseError: its summary lacks what is wanted, or holds no numbers.
    """
    folder = compiled.parent
    row = _row(folder / SUMMARY)
    try:
        counts = json.loads((folder / TOLD).read_text("utf-8"))
        cpu, npu = int(counts["CPU"]), int(counts["NPU"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise CaseError(f"{str(folder / TOLD)!r} cannot be read: {exc}") from exc
    flash = _number(row, "on_chip_flash_memory_used")
    return Estimate(
        cycles_npu=_number(row, "cycles_npu"),
        cycles_total=_number(row, "cycles_total"),
        inference_s=_number(row, "inference_time"),
        core_clock_hz=_number(row, "core_clock"),
        sram_bytes=1024 * _number(row, "sram_memory_used"),
        dram_bytes=1024 * _number(row, "dram_memory_used"),
        flash_bytes=1024 * (flash + _number(row, "off_chip_flash_memory_used")),
        cpu_operators=cpu,
        npu_operators=npu,
    )


def _compile(model: Path, settings: Settings, python: str | None, folder: Path) -> None:
    shutil.copyfile(model, folder / "model.tflite")
    executable = python or sys.executable
    options = (
        *("--accelerator-config", settings.accelerator),
        *("--config", CONFIG),
        *("--system-config", settings.system_config),
        *("--memory-mode", settings.memory_mode),
        *("--optimise", settings.optimise),
        "--verbose-performance",
        *("--output-dir", "out"),
        "model.tflite",
    )
    try:
        answer = run([executable, "-I", "-B", SCRIPT, *options], TIMEOUT_S, folder)
    except OSError as exc:
        raise CaseError(f"{executable} cannot be started: {exc}") from exc
    if answer.death is not None:
        raise CaseError(f"Vela refuses the model: it {answer.death}")
    counts = {kind: int(count) for kind, count in _COUNTED.findall(answer.printed)}
    summaries = sorted((folder / "out").glob("*_summary_*.csv"))
    compiled = folder / "out" / MODEL
    if counts.keys() != {"CPU", "NPU"} or not summaries or not compiled.is_file():
        raise CaseError(
            "Vela made no summary of the model; it may have left all of it to the CPU"
        )
    if not counts["NPU"]:
        raise CaseError(
            f"Vela leaves all {counts['CPU']} operators to the CPU; quantise weights "
            "and activations (int8)"
        )
    kept = folder / "kept"
    kept.mkdir()
    os.replace(compiled, kept / MODEL)
    os.replace(summaries[0], kept / SUMMARY)
    (kept / TOLD).write_text(json.dumps(counts), "utf-8")
    read_estimate(kept / MODEL)  # what cannot be read is not kept


def _keep(made: Path, kept: Path) -> None:
    try:
        os.replace(made, kept)
    except OSError as exc:
        if not (kept / TOLD).is_file():  # else another process was quicker
            raise InfrastructureError(
                f"{str(kept)!r} cannot be written: {exc}"
            ) from exc


def _row(path: Path) -> dict[str, str]:
    """Return the one row of a summary by column name."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream.read(SUMMARY_BYTES_MAX).splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise CaseError(f"Vela's summary {str(path)!r} cannot be read: {exc}") from exc
    if len(rows) != 1:
        raise CaseError(f"Vela's summary has {len(rows)} rows; 1 is valid")
    return {name: value for name, value in rows[0].items() if isinstance(value, str)}


def _number(row: Mapping[str, str], name: str) -> float:
    value = math.nan
    with suppress(ValueError):
        value = float(row.get(name, ""))
    if not math.isfinite(value) or value < 0:
        raise CaseError(
            f"Vela's summary has {row.get(name)!r} under {name!r}; a number is valid"
        )
    return value
