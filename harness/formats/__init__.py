"""Profiles of model files, read in a process of their own.

A model file is not to be trusted: whatever its reader does (crash, hang, take all
memory) ends as a ``ModelError``, and the caller lives on.
"""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

from ..cache import write_atomically
from ..child import MEMORY_BYTES, run
from ..errors import ModelError, StoreError
from ..hashing import file_sha256
from ..plain import from_plain, parse_json, to_plain
from ..values import ModelProfile

SUFFIXES = {".onnx": "onnx", ".tflite": "tflite", ".hef": "hef"}
"""The format that a file name's suffix stands for."""

GRAPHS = ("onnx", "tflite")
"""The formats that hold a graph, which can be rebuilt and run anywhere."""

TIMEOUT_S = 30.0

_RULES = 6  # raised when the same file is counted otherwise than before
_known: dict[tuple[str, str], ModelProfile] = {}


def inspect_model(
    path: Path, cache: Path | None = None, timeout_s: float = TIMEOUT_S
) -> ModelProfile:
    """Return what can be counted in a model file without running it.

    Args:
        path: a regular file named .onnx, .tflite or .hef.
        cache: a folder that keeps profiles by the file's SHA-256 between processes.
        timeout_s: seconds after which the reader is ended.

    Raises:
        ModelError: the file is missing, empty, damaged, of another format than its
            name says, needs data outside its folder, or its reader failed.
    """
    path = path.absolute()
    format = SUFFIXES.get(path.suffix.lower())
    if format is None:
        raise _error(path, f"suffix {path.suffix!r}; valid: {', '.join(SUFFIXES)}")
    key = (_checked_sha256(path), format)
    kept = None if cache is None else cache / f"{key[0]}.{format}.{_RULES}.json"
    profile = _known.get(key) or (kept and _kept(kept))
    if profile:
        _known[key] = profile
        return profile
    answer = _ask(path, timeout_s)
    profile = _profile(path, answer)
    if not profile.external_files:  # else the data beside it are checked every time
        _known[key] = profile
        if kept is not None:
            write_atomically(kept, json.dumps(to_plain(profile)).encode())
    return profile


def model_files(path: Path, profile: ModelProfile) -> list[Path]:
    """Return a model file and those of its weights that lie beside it."""
    return [path, *(path.parent / name for name in profile.external_files)]


def _checked_sha256(path: Path) -> str:
    try:
        # Not following a fifo into waiting: a device or a pipe is no model.
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise _error(path, "not a regular file; name a .onnx, .tflite or .hef file")
        if found.st_size == 0:
            raise _error(path, "empty; export it again")
        if found.st_size > MEMORY_BYTES:
            raise _error(
                path,
                f"{found.st_size} bytes; {MEMORY_BYTES} at most are valid: export it "
                "with its weights in a file beside it",
            )
        return file_sha256(path)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise _error(path, f"cannot be read: {reason}; check the path") from exc


def _ask(path: Path, timeout_s: float) -> dict[str, Any]:
    """Run the reader and return its answer."""
    # -P: a file named onnx.py in the current folder must not become the reader.
    command = [sys.executable, "-P", "-m", __name__, str(path)]
    try:
        answer = run(command, timeout_s, environment={"OPENBLAS_NUM_THREADS": "1"})
    except OSError as exc:
        raise _error(path, f"its reader cannot be started: {exc}") from exc
    if answer.status is None:
        raise _error(path, f"not read within {timeout_s:g} s; damaged: export it again")
    if answer.status:
        said = f" ({answer.last_words!r})" if answer.status > 0 else ""
        raise _error(
            path,
            f"its reader {answer.end}{said}; the file is damaged or too large: export "
            "it again",
        )
    text = answer.printed
    try:
        found = parse_json(text)
    except StoreError as exc:
        raise _error(path, f"its reader's answer is not JSON: {text[:40]!r}") from exc
    return found if isinstance(found, dict) else {}


def _profile(path: Path, answer: dict[str, Any]) -> ModelProfile:
    if "error" in answer:
        raise _error(path, " ".join(str(answer["error"]).split()))
    try:
        return from_plain(ModelProfile, answer.get("profile"))
    except StoreError as exc:
        raise _error(path, f"its reader's answer is not a profile: {exc}") from exc


def _kept(path: Path) -> ModelProfile | None:
    try:
        return from_plain(ModelProfile, parse_json(path.read_text("utf-8")))
    except (OSError, ValueError, StoreError):
        return None  # not there yet, or torn: it is made again


def _error(path: Path, problem: str) -> ModelError:
    return ModelError(f"model {str(path)!r}: {problem}")
