"""ONNX to HEF by Hailo's Dataflow Compiler, where the user has installed it.

It runs in the target's own Python, in a process of its own, and its HEF is kept by the
hash of all that it depends on.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ...harness.cache import cache_folder
from ...harness.child import run
from ...harness.errors import CaseError, ModelError
from ...harness.formats import inspect_model
from ...harness.hashing import file_sha256
from ...harness.need import Kind
from ...harness.option import Option
from ...harness.probe import probe
from ...harness.values import Setting, canonical_json

MODULE = "hailo_sdk_client"
DISTRIBUTION = "hailo-dataflow-compiler"
SCRIPT = Path(__file__).parent / "compile.py"
TIMEOUT_S = 4 * 3600.0
"""Allocating a large network to the chip was published to take hours."""

WHERE = (
    "Hailo's Dataflow Compiler (x86-64 Linux) comes from hailo.ai's developer zone, "
    "after a login; or compile the model yourself and name the .hef file"
)
OPTIONS = (
    Option(
        name="architecture",
        kind=str,
        default="hailo8",
        help="for .onnx files: the chip to compile for",
        choices=("hailo8", "hailo8r", "hailo8l", "hailo10h", "hailo15h", "hailo15m"),
    ),
    Option(
        name="calibration",
        kind=str,
        default="",
        help="for .onnx files: a .npz file of one array of samples, channels last",
    ),
    Option(
        name="model_script",
        kind=str,
        default="",
        help="for .onnx files: commands to the compiler, such as quantization_param",
    ),
)


def problem(settings: Mapping[str, Setting], python: str | None) -> str | None:
    """Return what keeps a .onnx file from being compiled, None for nothing."""
    if python is not None and python.startswith("ssh://"):
        return f"a .onnx file is compiled on this machine, not on the device; {WHERE}"
    thing = (Kind.MODULE, MODULE)
    found = probe(python, (thing,))
    if found.found[thing] is None:
        return (
            f"a .onnx file must be compiled, and {found.executable} has no {MODULE}; "
            f"{WHERE}"
        )
    if not settings["calibration"]:
        return (
            "a .onnx file is quantised by samples; set calibration to a .npz file of "
            "one array, channels last"
        )
    for name in ("calibration", "model_script"):
        path = str(settings[name])
        if path and not os.path.isfile(path):
            return f"{name} {path!r} is not a file; name one"
    return None


def compile_model(
    model: Path, settings: Mapping[str, Setting], python: str | None
) -> Path:
    """Return the HEF of a .onnx file, from the cache where it was made before.

    Raises:
        CaseError: the compiler refuses the model, crashes, or takes too long.
    """
    calibration = Path(str(settings["calibration"]))
    script = str(settings["model_script"])
    thing = (Kind.DISTRIBUTION, DISTRIBUTION)
    content = {
        "model": file_sha256(model),
        "architecture": settings["architecture"],
        "calibration": file_sha256(calibration),
        "model_script": file_sha256(Path(script)) if script else None,
        "compiler": probe(python, (thing,)).found[thing],
    }
    key = hashlib.sha256(canonical_json(content).encode()).hexdigest()[:32]
    kept = cache_folder("hailo") / f"{key}.hef"
    if not kept.is_file():
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            made = Path(folder) / "model.hef"
            architecture = str(settings["architecture"])
            scripts = [str(Path(script).absolute())] if script else []
            arguments = (model.absolute(), architecture, calibration.absolute(), made)
            _compile([*map(str, arguments), *scripts], python, Path(folder))
            os.replace(made, kept)
    return kept


def _compile(arguments: list[str], python: str | None, folder: Path) -> None:
    executable = python or sys.executable
    try:
        answer = run([executable, "-I", "-B", SCRIPT, *arguments], TIMEOUT_S, folder)
    except OSError as exc:
        raise CaseError(f"{executable} cannot be started: {exc}") from exc
    if answer.death is not None:
        raise CaseError(f"the Dataflow Compiler refuses the model: it {answer.death}")
    try:
        inspect_model(folder / "model.hef")
    except ModelError as exc:
        raise CaseError(f"the Dataflow Compiler made no HEF: {exc}") from exc
