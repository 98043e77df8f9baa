"""One number about a case that is no statistic of samples: counted, or modelled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A quantity in its unit and how it was obtained.

    One of three: exact (``value``, as instructions counted on an emulator), a band
    (``low`` <= ``mid`` <= ``high``, which holds the truth with the probability
    ``coverage``), or not known (``reason`` says why, and what would be needed).
    ``basis`` tells what it rests on: rows, coefficients, versions; plain JSON.

    Raises:
        ValueError: it is none of the three, or its numbers are not finite and ordered.
    """

    quantity: str
    unit: str
    evidence: Evidence
    value: float | None = None
    low: float | None = None
    mid: float | None = None
    high: float | None = None
    coverage: float | None = None
    reason: str | None = None
    basis: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is not one of the three."""
        band = (self.low, self.mid, self.high, self.coverage)
        told = [
            self.value is not None,
            any(number is not None for number in band),
            self.reason is not None,
        ]
        if sum(told) != 1:
            raise ValueError(f"{self.quantity}: give a value, a band or a reason")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"{self.quantity}: {self.value} is not finite")
        if told[1]:
            self._check_band()

    def _check_band(self) -> None:
        low, mid, high, coverage = self.low, self.mid, self.high, self.coverage
        if low is None or mid is None or high is None or coverage is None:
            raise ValueError(f"{self.quantity}: a band needs low, mid, high, coverage")
        if not (0 <= low <= mid <= high and math.isfinite(high)):
            raise ValueError(f"{self.quantity}: {low}, {mid}, {high} are not in order")
        if not 0 < coverage < 1:
            raise ValueError(f"{self.quantity}: coverage {coverage} is not in (0, 1)")
