"""Real factors as a multiplier and a shift, as TensorFlow Lite takes them.

Source: tensorflow/lite/kernels/internal/quantization_util.cc; a factor is
``multiplier * 2 ** (shift - 31)`` with the multiplier in [2^30, 2^31).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, frexp

from ....harness.errors import ModelError

SHIFT_MAX = 30
SHIFT_MIN = -31


@dataclass(frozen=True, slots=True)
class Factor:
    """A real factor in fixed point."""

    multiplier: int
    shift: int


def factor(real: float) -> Factor:
    """Return the nearest factor; one below 2^-32 is zero.

    Raises:
        ModelError: the factor is negative or too large for a shift of 30.
    """
    if not 0 <= real < 2.0**SHIFT_MAX:
        raise ModelError(f"scales give the factor {real!r}; 0 to 2^30 is valid")
    fraction, shift = frexp(real)
    multiplier = floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    if shift < SHIFT_MIN:
        return Factor(0, 0)
    return Factor(multiplier, shift)
