"""Names of precisions, and how far outputs in each may be from the reference.

A tolerance is the largest error of any output, as a share of the largest reference
output. On the reference models, runtimes that compute in fp32 were seen within 6e-6 of
one another, and NumPy with every result rounded to fp16 was off by 2.5e-3. fp16 and
TF32 keep 11 digits of the significand, bf16 8, fp8 4 at most, fp4 2. Integers are
judged by steps of the output's own quantisation instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TOLERANCES = {
    "fp64": 5e-5,
    "fp32": 5e-5,
    "tf32": 1e-2,
    "fp16": 1e-2,
    "bf16": 5e-2,
    "fp8": 0.3,
    "fp4": 0.5,
}
"""Largest error of a floating-point output, by the precision it was computed in."""

INTEGERS = ("int16", "int8", "int4")

STEP_SHARE_MIN = 0.8
"""The share of outputs of a quantised model that must lie within one step."""

NAMES = {
    "fp64": ("f64", "float64", "double"),
    "fp32": ("f32", "float32", "float"),
    "tf32": (),
    "fp16": ("f16", "float16", "half"),
    "bf16": ("bfloat16",),
    "fp8": ("f8", "float8", "f8e4m3", "fp8e4m3"),
    "fp4": ("f4", "float4"),
    "int16": ("i16", "u16", "uint16", "int16x8"),
    "int8": ("i8", "u8", "uint8"),
    "int4": ("i4", "u4", "uint4"),
}
"""What runtimes call them."""

_KNOWN = {other: name for name, others in NAMES.items() for other in (name, *others)}

_BITS = {32: "fp32", 16: "fp16", 8: "int8", 4: "int4"}


def precisions(told: Any) -> tuple[str, ...]:
    """Return the precisions that a session tells of, the names being ours.

    Args:
        told: ``ran()["precision"]``: a name, or counts of operators by name.

    Raises:
        ValueError: it holds no name, or one that is not known.
    """
    names = list(told) if isinstance(told, Mapping) else [told]
    found = [_KNOWN.get(str(name).lower().replace("_", "")) for name in names]
    if not found or None in found:
        raise ValueError(
            f"precision {told!r} is not known; valid: {', '.join(NAMES)}, or a mapping "
            "of these to counts of operators"
        )
    return tuple(dict.fromkeys(name for name in found if name))


def of_file(weight_bits: int | None, activation_bits: int | None) -> tuple[str, ...]:
    """Return the precisions that a model file asks for, fp32 where it does not tell."""
    bits = {bits for bits in (weight_bits, activation_bits) if bits is not None}
    return tuple(_BITS.get(one, "fp32") for one in sorted(bits)) or ("fp32",)
