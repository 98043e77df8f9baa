"""The generator's own process: ``python -m ....generator MODEL OUT NAME``.

Write the source to OUT; print ``{"arena_bytes": ...}`` or ``{"error": ...}`` as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from ....harness.child import bound, told
from . import CPU_S, SOURCE_BYTES
from .layout import Layout
from .operators import lower
from .reader import read
from .source import source


def answer(model: Path, out: Path, name: str) -> dict[str, Any]:
    """Write the source and return what it takes."""
    network = read(model)
    layout = Layout(network, lower(network))
    out.write_text(source(network, layout, name), "ascii")
    return {
        "arena_bytes": layout.arena_bytes,
        "input_bytes": layout.input_bytes,
        "inputs": [_border(tensor) for tensor in network.inputs],
        "outputs": [_border(tensor) for tensor in network.outputs],
    }


def _border(tensor: Any) -> dict[str, Any]:
    quantised = len(tensor.scales) == 1
    return {
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "scale": tensor.scales[0] if quantised else None,
        "zero_point": tensor.zero_points[0] if quantised else None,
    }


def main() -> None:
    """Do what the command line says, within bounds."""
    bound(SOURCE_BYTES)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    model, out, name = sys.argv[1:]
    print(json.dumps(told(lambda: answer(Path(model), Path(out), name))))


if __name__ == "__main__":
    main()
