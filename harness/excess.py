"""How the samples above a value are spread, and what that makes of their number."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .statistics import Values

_FREEDOM_MIN = 3.0
"""Fewer degrees of freedom are beyond the expansion of ``_student``."""


class Excess:
    """How the samples above a value are spread over slices and workers.

    All variances are those of the number of samples above, over the binomial variance
    that independent samples would have.
    """

    def __init__(
        self,
        counts: NDArray[np.int64],
        sizes: NDArray[np.int64],
        workers: NDArray[np.int64],
    ) -> None:
        """Take the samples above the value, all samples and the worker of each slice.

        Workers are numbered from 0 without gaps.

        Residuals are counts less those that the overall share would give: those of a
        ratio estimator (Cochran, Sampling Techniques, 1977, 6.4).
        """
        self.share = float(counts.sum() / sizes.sum())
        self.holding = int(np.count_nonzero(counts))
        self._binomial = float(sizes.sum() * self.share * (1 - self.share))
        self._residuals: Values = counts - self.share * sizes
        self._workers = workers

    @property
    def between_slices(self) -> float:
        """Return the variance from slices that are independent of one another."""
        return self._relative(self._residuals)

    @property
    def between_workers(self) -> float:
        """Return the variance from workers that are independent of one another."""
        sums = np.bincount(self._workers, weights=self._residuals).astype(np.float64)
        return self._relative(sums)

    @property
    def correlation_time(self) -> float:
        """Return how many slices in a row are worth one, at least 1.

        It is the integrated autocorrelation time by the initial monotone sequence:
        pairs of neighbouring lags are summed while they are positive and fall (Geyer,
        Statistical Science 7, 1992, 3.3).
        """
        values = self._residuals
        n, alone = len(values), float(values @ values)
        if not alone:
            return 1.0
        total, last = -alone, math.inf
        for lag in range(0, n - 1, 2):
            pair = values[: n - lag] @ values[lag:]
            pair += values[: n - lag - 1] @ values[lag + 1 :]
            last = min(last, float(pair))
            if last <= 0:
                break
            total += 2 * last
        return max(1.0, total / alone)

    def design_effect(self, alike: float) -> float:
        """Return how many samples are worth one independent sample, at least 1.

        Samples of a slice are alike by its state and by their own autocorrelation,
        which its count contains.

        Args:
            alike: how many slices in a row are worth one, as ``correlation_time``; 1
                where slices count as independent.
        """
        return max(1.0, self.between_slices) * alike

    @property
    def freedom(self) -> float:
        """Return the degrees of freedom of the variance between slices.

        They follow from how uneven the squared residuals are (Satterthwaite,
        Biometrics Bulletin 2, 1946): few slices that hold most of the samples above
        tell little of the others.
        """
        squares = self._residuals**2
        n, total = len(squares), float(squares.sum())
        if not total:
            return n - 1.0
        excess = n * float(squares @ squares) / total**2 - 1
        return min(n - 1.0, 2 * n / excess) if excess > 0 else n - 1.0

    def spread(self, z: float) -> float:
        """Return the squared normal or Student quantile times the design effect."""
        t = _student(z, max(_FREEDOM_MIN, self.freedom))
        return max(z**2, t**2 * self.between_slices, z**2 * self.between_workers)

    def _relative(self, residuals: Values) -> float:
        """Return the variance of a sum of independent residuals that add up to 0."""
        n = len(residuals)
        if n < 2 or not self._binomial:
            return 0.0
        return float(residuals @ residuals) * n / (n - 1) / self._binomial


def _student(normal: float, freedom: float) -> float:
    """Return Student's quantile from the normal one (Abramowitz and Stegun 26.7.5)."""
    z, v = normal, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )
