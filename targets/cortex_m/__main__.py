"""The reader's own process: ``python -m tierbench.targets.cortex_m FILE``.

Print what ``sizing.Sizing`` holds, or ``{"error": ...}``, as one line of JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...harness.child import bound, told
from .kernels import KNOWN
from .memory_plan import lay_out
from .operators import problems
from .sizing import BUILDS
from .structure import Structure, read_structure


def answer(path: Path) -> dict[str, Any]:
    """Return the sizes of a model or what is wrong with it, as plain values."""
    return told(lambda: _sizes(read_structure(path.read_bytes())))


def _sizes(structure: Structure) -> dict[str, Any]:
    found = problems(structure)
    tensors = [tensor for graph in structure.subgraphs for tensor in graph.tensors]
    if structure.is_planned or any(tensor.is_dynamic for tensor in tensors):
        arenas = {}
    else:
        arenas = {name: asdict(lay_out(structure, b)) for name, b in BUILDS.items()}
    operators = [op for graph in structure.subgraphs for op in graph.operators]
    return {
        "problems": found,
        "arenas": arenas,
        "size_bytes": structure.size_bytes,
        "unknown": sorted({op.name for op in operators} - KNOWN),
        "is_planned": structure.is_planned,
        "kernel_sums_bytes": _kernel_sums(structure),
    }


def _kernel_sums(structure: Structure) -> int:
    """Return what dense layers keep where CMSIS-NN is built for speed on Helium."""
    return sum(
        4 * graph.tensors[operator.inputs[1]].shape[0]
        for graph in structure.subgraphs
        for operator in graph.operators
        if operator.name == "FULLY_CONNECTED"
        and len(operator.inputs) > 1
        and operator.inputs[1] >= 0
        and graph.tensors[operator.inputs[1]].shape
    )


if __name__ == "__main__":
    bound()
    print(json.dumps(answer(Path(sys.argv[1]))))
