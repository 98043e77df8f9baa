"""A mixture of bells as a band: the shortest that holds a share of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]

COVERAGE = 0.8
MIDDLE = 0.3
"""The share whose shortest interval holds the middle: where most of it lies.

Of several heaps the middle of the densest is told, not a place between them.
"""
TAIL, TAIL_SCALE = 0.2, 2.5
"""A bell is a normal one, with this share that is wider by this factor."""
_POINTS = 301
_FRACTIONS = np.linspace(0.005, 0.995, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A band in natural logarithms."""

    low: float
    mid: float
    high: float

    def plus(self, log_factor: float) -> Band:
        """Return the band shifted."""
        return Band(
            low=self.low + log_factor,
            mid=self.mid + log_factor,
            high=self.high + log_factor,
        )

    def holds(self, value: float) -> bool:
        """Return whether a logarithm lies in the band."""
        return self.low <= value <= self.high


def mixture_band(weights: Vector, middles: Vector, deviations: Vector) -> Band:
    """Return the shortest band that holds `COVERAGE` of a mixture.

    Args:
        weights: of the bells, summing to 1, shape (bells,).
        middles: in logarithms, shape (bells,).
        deviations: standard deviations of their cores, shape (bells,).
    """
    reach = 8 * float(deviations.max())
    grid = np.linspace(middles.min() - reach, middles.max() + reach, _POINTS)
    z = (grid - middles[:, None]) / deviations[:, None]
    below = weights @ _cumulated(z)
    low, high = _shortest(grid, below, COVERAGE)
    mid = sum(_shortest(grid, below, MIDDLE)) / 2
    return Band(low=min(low, mid), mid=mid, high=max(high, mid))


def normal_band(middle: float, deviation: float) -> Band:
    """Return the band of a normal distribution that holds `COVERAGE`."""
    half = 1.2815515655446004 * deviation
    return Band(low=middle - half, mid=middle, high=middle + half)


def _cumulated(z: Vector) -> Vector:
    return (1 - TAIL) * _normal(z) + TAIL * _normal(z / TAIL_SCALE)


def _normal(z: Vector) -> Vector:
    """Return the normal distribution function to 0.0004, by a hyperbolic tangent."""
    return np.asarray(0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))))


def _shortest(grid: Vector, below: Vector, share: float) -> tuple[float, float]:
    starts = _FRACTIONS * (1 - share)
    lows = np.interp(starts, below, grid)
    highs = np.interp(starts + share, below, grid)
    place = int(np.argmin(highs - lows))
    return float(lows[place]), float(highs[place])
