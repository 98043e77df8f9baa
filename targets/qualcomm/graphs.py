"""What a QNN graph computes in, by the description that the provider writes of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TYPES = {
    0x0008: "int8",
    0x0108: "int8",
    0x0308: "int8",
    0x0408: "int8",
    0x0016: "int16",
    0x0116: "int16",
    0x0316: "int16",
    0x0416: "int16",
    0x0216: "fp16",
    0x0232: "fp16",
}
"""Precision by ``Qnn_DataType_t`` (QnnTypes.h of QAIRT 2.51): the kind in the upper
byte (signed, unsigned, float, fixed-point signed and unsigned), bits in the lower. The
processor has no float32: it computes such tensors in float16."""

MOVING = frozenset(
    ("Cast", "Concat", "Convert", "Dequantize", "Quantize", "Reshape", "Transpose")
)
"""Operators that move or convert values and compute nothing."""


def precisions(folder: str) -> dict[str, int]:
    """Return how many operators of a session's graphs compute in which precision.

    Args:
        folder: where the provider wrote its descriptions.
    """
    found: Counter[str] = Counter()
    for path in sorted(Path(folder).glob("*.json")):
        described = json.loads(path.read_text(encoding="utf-8"))
        if "graph" in described:
            found += _operators(described["graph"])
    return dict(sorted(found.items()))


def _operators(graph: Mapping[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for node in graph["nodes"].values():
        if node["type"] in MOVING:
            continue
        tensor = graph["tensors"].get(node["output_names"][0], {})
        kind = tensor.get("data_type", -1)
        found[TYPES.get(kind, f"type {kind:#x}")] += 1
    return found
