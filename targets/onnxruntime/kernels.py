"""What the kernels of a run really computed in, by ONNX Runtime's own profile."""

from __future__ import annotations

import json
from collections import Counter

MOVING = frozenset(
    (
        *("Cast", "Concat", "Expand", "Flatten", "Gather", "Identity", "Reshape"),
        *("Shape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"),
        *("DequantizeLinear", "MemcpyFromHost", "MemcpyToHost", "QuantizeLinear"),
        *("ReorderInput", "ReorderOutput"),
    )
)
"""Kernels that move or convert values and compute nothing."""

MULTIPLYING = frozenset(
    ("Conv", "ConvTranspose", "FusedConv", "FusedGemm", "FusedMatMul", "Gemm", "MatMul")
)
"""Kernels in which a GPU may round float32 to TF32."""

PRECISIONS = {
    "float": "fp32",
    "float16": "fp16",
    "bfloat16": "bf16",
    "double": "fp64",
    "int8": "int8",
    "uint8": "int8",
}

Kernel = tuple[str, str]
"""A kernel's type, and the precision of its first input."""


def kernels(path: str, provider: str) -> Counter[Kernel]:
    """Return what a provider's kernels computed in, from a profile's file.

    Those that compute nothing, or compute in integers of shapes, are left out.
    """
    found: Counter[Kernel] = Counter()
    with open(path, encoding="utf-8") as file:
        events = json.load(file)
    seen = set()
    for event in events:
        told = event.get("args", {})
        inputs = told.get("input_type_shape")
        if event.get("cat") != "Node" or told.get("provider") != provider or not inputs:
            continue
        kind, name = str(told.get("op_name")), str(event.get("name"))
        precision = PRECISIONS.get(next(iter(inputs[0]), ""))
        if kind in MOVING or precision is None or name in seen:
            continue
        seen.add(name)
        found[kind, precision] += 1
    return found


def precision(found: Counter[Kernel], tf32: bool) -> str | dict[str, int] | None:
    """Return the one precision that all kernels have, or how many have which.

    Args:
        found: what ``kernels`` returned; None is returned of none.
        tf32: whether those that multiply round float32 to TF32.
    """
    counts: Counter[str] = Counter()
    for (kind, name), number in found.items():
        rounded = tf32 and name == "fp32" and kind in MULTIPLYING
        counts["tf32" if rounded else name] += number
    if not counts:
        return None
    return next(iter(counts)) if len(counts) == 1 else dict(sorted(counts.items()))
