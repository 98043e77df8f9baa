"""The reader's own process: ``python -m tierbench.harness.formats FILE``.

Print ``{"profile": ...}`` or ``{"error": ...}`` as one line of JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ..child import bound, told
from ..errors import ModelError
from ..plain import to_plain
from ..values import ModelProfile
from . import SUFFIXES
from .graph import Graph, profile


def read(path: Path) -> Graph:
    """Return the graph of a model file whose name says its format.

    Raises:
        ModelError: the content is of another format, or cannot be.
    """
    from . import onnx, tflite

    with path.open("rb") as stream:
        head = stream.read(8)
    is_tflite = head[4:8] == tflite.IDENTIFIER
    if SUFFIXES[path.suffix.lower()] == "onnx":
        if is_tflite:
            raise ModelError("its content is TensorFlow Lite; name it .tflite")
        return onnx.read(path)
    if not is_tflite:
        if _is_onnx(path):
            raise ModelError("its content is ONNX; name it .onnx")
        raise ModelError(f"not a TensorFlow Lite file: it starts with {head!r}")
    return tflite.read(path)


def _is_onnx(path: Path) -> bool:
    from . import onnx

    try:
        onnx.read(path)
    except Exception:  # of many kinds; all say that it is none
        return False
    return True


def counted(path: Path) -> ModelProfile:
    """Return the profile of a model file.

    Raises:
        ModelError: the content is of another format, or cannot be.
    """
    if SUFFIXES[path.suffix.lower()] == "hef":
        from . import hef

        return hef.profile(path)
    return profile(read(path))


def answer(path: Path) -> dict[str, Any]:
    """Return the profile of a file or what is wrong with it, as plain values."""
    return told(lambda: {"profile": to_plain(counted(path))})


def main() -> None:
    """Read the file that the command line names, within bounds."""
    bound()
    print(json.dumps(answer(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
