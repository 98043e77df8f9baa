"""What a model needs of a microcontroller, read in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ...harness.child import run
from ...harness.errors import ModelError, StoreError
from ...harness.hashing import file_sha256
from ...harness.plain import from_plain
from .kernels import Build
from .memory_plan import Arena

TIMEOUT_S = 30.0

BUILDS: Mapping[str, Build] = MappingProxyType(
    {
        "reference": Build(),
        "cmsis-nn": Build(kernels="cmsis-nn"),
        "cmsis-nn dsp": Build(kernels="cmsis-nn", dsp=True),
        "cmsis-nn mve": Build(kernels="cmsis-nn", dsp=True, mve=True),
        "package": Build(pointer_bytes=8, is_recording=True, has_compression=True),
    }
)
"""Kernels and what they use of the core; ``package`` is the one of this machine."""

_known: dict[str, Sizing] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """What stands in the file.

    ``problems`` keep it from running; ``arenas`` are by the name in ``BUILDS``, none
    where shapes are dynamic or ``is_planned``: the file says where tensors lie.
    ``unknown`` names operators whose kernel's own memory is not known, and not in the
    arenas. ``kernel_sums_bytes`` come on top where CMSIS-NN is built for speed on a
    core with Helium.
    """

    problems: tuple[str, ...]
    arenas: Mapping[str, Arena]
    size_bytes: int
    unknown: tuple[str, ...]
    is_planned: bool
    kernel_sums_bytes: int


def size_model(path: Path, timeout_s: float = TIMEOUT_S) -> Sizing:
    """Return what a .tflite file needs, without running it.

    Raises:
        ModelError: it cannot be read, or its reader crashed or hung.
    """
    try:
        key = file_sha256(path)
    except OSError as exc:
        raise ModelError(f"model {str(path)!r}: cannot be read: {exc}") from exc
    if key not in _known:
        _known[key] = _ask(path.absolute(), timeout_s)
    return _known[key]


def _ask(path: Path, timeout_s: float) -> Sizing:
    # -P: a file in the current folder must not become the reader.
    answer = run([sys.executable, "-P", "-m", __package__, path], timeout_s)
    told: dict[str, Any] = answer.lines[-1] if answer.lines else {}
    problem = told.get("error") or (None if told else answer.death or "says nothing")
    if problem is not None:
        raise ModelError(f"model {str(path)!r}: its reader: {problem}")
    try:
        return from_plain(Sizing, told)
    except StoreError as exc:
        raise ModelError(f"model {str(path)!r}: its reader's answer: {exc}") from exc
