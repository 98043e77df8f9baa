"""Google's ``edgetpu_compiler``, where it is installed: run it and read its summary.

The compiler is closed; its last version, 16.0, is for x86-64 Linux. What it prints was
read in outputs of 15.0 and 16.0 that users published; options: coral.ai/docs/edgetpu/
compiler.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ...harness.cache import cache_folder
from ...harness.child import run
from ...harness.errors import CaseError, InfrastructureError
from ...harness.hashing import file_sha256
from ...harness.values import canonical_json

PROGRAM = "edgetpu_compiler"
TIMEOUT_S = 600
MODEL, TOLD = "model_edgetpu.tflite", "told.json"
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

_VERSION = re.compile(r"Edge TPU Compiler version ([0-9.]+)")
_BYTES = r" model parameters: ([0-9.]+)(B|KiB|MiB|GiB)$"
_ON_CHIP = re.compile(r"^On-chip memory used for caching" + _BYTES, re.MULTILINE)
_STREAMED = re.compile(
    r"^Off-chip memory used for streaming uncached" + _BYTES, re.MULTILINE
)
_TOTAL = re.compile(r"^Total number of operations: (\d+)$", re.MULTILINE)
_ON_CPU = re.compile(
    r"^Number of operations that will run on CPU: (\d+)$", re.MULTILINE
)
_ROW = re.compile(r"^([A-Z0-9_]+) +(\d+) +(\S.*)$", re.MULTILINE)
_MAPPED = "Mapped to Edge TPU"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What the compiler told of a model: operators by where they run, and weights.

    ``left`` are the operators on the CPU by name; ``on_chip_bytes`` of weights stay in
    the Edge TPU's own memory, ``streamed_bytes`` come over the bus at each call.
    """

    compiler: str
    tpu_operators: int
    cpu_operators: int
    on_chip_bytes: int
    streamed_bytes: int
    left: Mapping[str, int]


def problem() -> str | None:
    """Return that the compiler is not here, None where it is."""
    if shutil.which(PROGRAM):
        return None
    return (
        f"the file is not compiled for the Edge TPU, and {PROGRAM} is not on the PATH; "
        "it comes from Google's Debian packages (edgetpu-compiler, x86-64), or compile "
        "the file elsewhere and name the _edgetpu.tflite file"
    )


def left_over(operators: Mapping[str, int]) -> str | None:
    """Return that these operators would run on the CPU, None where there are none."""
    if not operators:
        return None
    named = ", ".join(f"{count} {name}" for name, count in sorted(operators.items()))
    return (
        f"operators that the Edge TPU does not take would run on the CPU: {named}; set "
        "cpu_fallback = true to allow that, or change the model"
    )


def refuse_left_over(compiled: Path) -> None:
    """Refuse a compiled file that leaves operators to the CPU.

    Raises:
        CaseError: it does.
    """
    told = mapping_of(compiled)
    reason = left_over(told.left) if told else None
    if reason:
        raise CaseError(reason)


def compile_model(model: Path) -> Path:
    """Return the compiled file, from the cache where it was made before.

    Raises:
        CaseError: the compiler refuses the model, or maps none of it.
    """
    content = {"model": file_sha256(model), "compiler": _version()}
    key = hashlib.sha256(canonical_json(content).encode()).hexdigest()[:32]
    folder = cache_folder("coral")
    kept = folder / key
    if not (kept / TOLD).is_file():
        with tempfile.TemporaryDirectory(dir=folder) as made:
            _compile(model, Path(made))
            try:
                os.replace(Path(made) / "kept", kept)
            except OSError as exc:
                if not (kept / TOLD).is_file():  # else another process was quicker
                    raise InfrastructureError(
                        f"{str(kept)!r} cannot be written: {exc}"
                    ) from exc
    return kept / MODEL


def mapping_of(compiled: Path) -> Mapped | None:
    """Return what the compiler told of a file, None where it was not compiled here."""
    if compiled.name != MODEL:
        return None
    try:
        return Mapped(**json.loads((compiled.parent / TOLD).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def read_summary(printed: str) -> Mapped:
    """Return what a run of the compiler printed, with ``--show_operations``.

    Raises:
        CaseError: it lacks what is wanted.
    """
    version, total = _VERSION.search(printed), _TOTAL.search(printed)
    on_chip, streamed = _ON_CHIP.search(printed), _STREAMED.search(printed)
    if not (version and total and on_chip and streamed):
        raise CaseError(f"{PROGRAM} printed no summary that can be read")
    rows = _ROW.findall(printed)
    left: dict[str, int] = {}
    for name, count, status in rows:
        if status.strip() != _MAPPED:
            left[name] = left.get(name, 0) + int(count)
    stated = _ON_CPU.search(printed)
    on_cpu = int(stated.group(1)) if stated else 0
    if on_cpu != sum(left.values()):
        raise CaseError(
            f"{PROGRAM} tells of {on_cpu} operators on the CPU and lists "
            f"{sum(left.values())}"
        )
    return Mapped(
        compiler=f"{PROGRAM} {version.group(1)}",
        tpu_operators=int(total.group(1)) - on_cpu,
        cpu_operators=on_cpu,
        on_chip_bytes=_bytes(on_chip),
        streamed_bytes=_bytes(streamed),
        left=left,
    )


def _compile(model: Path, folder: Path) -> None:
    source = folder / "model.tflite"
    shutil.copyfile(model, source)
    (folder / "kept").mkdir()
    options = ("--show_operations", "--timeout_sec", str(TIMEOUT_S))
    command = [PROGRAM, *options, "--out_dir", str(folder / "kept"), str(source)]
    try:
        answer = run(command, TIMEOUT_S + 60, folder)
    except OSError as exc:
        raise CaseError(f"{PROGRAM} cannot be started: {exc}") from exc
    if answer.status:
        lines = [line for line in answer.printed.split("\n") if line.strip()]
        last = answer.last_words or (lines[-1].strip()[:200] if lines else "")
        raise CaseError(f"{PROGRAM} refuses the model: it {answer.end}: {last}")
    if answer.status is None:
        raise CaseError(f"{PROGRAM} did not end within {TIMEOUT_S + 60} s")
    told = read_summary(answer.printed)
    if not told.tpu_operators or not (folder / "kept" / MODEL).is_file():
        raise CaseError(
            f"{PROGRAM} maps no operator to the Edge TPU; quantise weights and "
            "activations (int8)"
        )
    (folder / "kept" / TOLD).write_text(json.dumps(asdict(told)), "utf-8")


def _version() -> str:
    try:
        answer = run([PROGRAM, "--version"], 60)
    except OSError as exc:
        raise CaseError(f"{PROGRAM} cannot be started: {exc}") from exc
    found = _VERSION.search(answer.printed)
    return found.group(1) if found else "unknown"


def _bytes(found: re.Match[str]) -> int:
    """Return a size; the compiler rounds it to hundredths of its unit."""
    number, unit = found.groups()
    return round(float(number) * UNITS[unit])
