"""The generator's own process: ``python -m ....generator MODEL OUT NAME``.

Write the source to OUT; print ``{"arena_bytes": ...}`` or ``{"error": ...}`` as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any

from ....harness.errors import ModelError
from . import CPU_S, MEMORY_BYTES, SOURCE_BYTES
from .layout import Layout
from .operators import lower
from .reader import read
from .source import source


def answer(model: Path, out: Path, name: str) -> dict[str, Any]:
    """Write the source and return what it takes, or what is wrong with the model."""
    try:
        network = read(model)
        layout = Layout(network, lower(network))
        out.write_text(source(network, layout, name), "ascii")
    except ModelError as exc:
        return {"error": str(exc)}
    except MemoryError:
        return {"error": f"needs more than {MEMORY_BYTES >> 30} GiB to be read"}
    except Exception as exc:  # readers raise whatever the damage leads them to
        text = " ".join(str(exc).split())[:200]
        return {"error": f"damaged ({type(exc).__name__}: {text}); export it again"}
    return {
        "arena_bytes": layout.arena_bytes,
        "input_bytes": layout.input_bytes,
        "inputs": [_told(tensor) for tensor in network.inputs],
        "outputs": [_told(tensor) for tensor in network.outputs],
    }


def _told(tensor: Any) -> dict[str, Any]:
    quantised = len(tensor.scales) == 1
    return {
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "scale": tensor.scales[0] if quantised else None,
        "zero_point": tensor.zero_points[0] if quantised else None,
    }


def main() -> None:
    """Do what the command line says, within bounds."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (SOURCE_BYTES, SOURCE_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    model, out, name = sys.argv[1:]
    print(json.dumps(answer(Path(model), Path(out), name)))


if __name__ == "__main__":
    main()
