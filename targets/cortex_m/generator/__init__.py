"""From a quantised ``.tflite`` file to C tables and calls for the firmware's kernels.

A model file is not to be trusted: it is read in a process of its own, whose end,
whatever it is, becomes a ``ModelError``. No text of the file reaches the C source.
"""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....harness.child import run
from ....harness.errors import ModelError

TIMEOUT_S = 60.0
CPU_S = 60
SOURCE_BYTES = 256 << 20

_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """An input or output as the firmware takes or gives it."""

    dtype: str
    shape: tuple[int, ...]
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """``model.c`` and what it takes: bytes of the arena and of the input's buffer."""

    source: str
    arena_bytes: int
    input_bytes: int
    inputs: tuple[Border, ...]
    outputs: tuple[Border, ...]


def generate(model: Path, name: str = "tierbench") -> Generated:
    """Return the C source of a model.

    Args:
        model: a .tflite file with int8 operators.
        name: what the firmware calls its model: 1-32 letters, digits, dots, dashes.

    Raises:
        ModelError: the file is damaged, or has operators that the kernels do not take;
            all of them are named.
    """
    if not _NAME.fullmatch(name):
        raise ModelError(f"name {name!r}; 1-32 letters, digits, ., _ or - are valid")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.c"
        told = _ask(model.absolute(), out, name)
        if "error" in told:
            raise _error(model, " ".join(str(told["error"]).split()))
        return Generated(
            source=out.read_text("ascii"),
            arena_bytes=told["arena_bytes"],
            input_bytes=told["input_bytes"],
            inputs=_borders(told["inputs"]),
            outputs=_borders(told["outputs"]),
        )


def _ask(model: Path, out: Path, name: str) -> dict[str, Any]:
    # -P: a file named numpy.py in the current folder must not be imported.
    answer = run([sys.executable, "-P", "-m", __name__, model, out, name], TIMEOUT_S)
    if answer.death:
        raise _error(model, f"its reader {answer.death}; damaged: export it again")
    return answer.lines[-1] if answer.lines else {"error": "its reader says nothing"}


def _borders(told: list[dict[str, Any]]) -> tuple[Border, ...]:
    return tuple(Border(**{**one, "shape": tuple(one["shape"])}) for one in told)


def _error(model: Path, problem: str) -> ModelError:
    return ModelError(f"model {str(model)!r}: {problem}")
