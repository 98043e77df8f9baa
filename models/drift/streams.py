"""Streams of samples that neither training, calibration nor evaluation has seen."""

from __future__ import annotations

from ..shift import Shifts
from ..splits import Split

_NUMBERS = {"reference": 16, "clean": 17, "shifted": 18}
"""The last byte of each stream's seed; those of the splits are 1 to 3."""


def stream(shifts: Shifts, purpose: str, samples: int) -> Split:
    """Return a stream for a purpose: ``reference``, ``clean`` or ``shifted``.

    A sample's random numbers are keyed by this seed and its index, so no two streams
    share any.
    """
    prefix = shifts.data.splits["evaluation"].seed >> 8
    return Split(seed=prefix << 8 | _NUMBERS[purpose], samples=samples)
