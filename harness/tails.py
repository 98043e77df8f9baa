"""The slow end of a case's latencies: percentiles with support, and MLPerf's estimate.

Both say why where the samples do not suffice, and how much more it takes;
docs/statistics.md gives the evidence.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .statistics import Estimate, Interval, Values, at_rank, checked

P90_ABOVE_MIN = 4
"""Effective samples above p90 that it takes: the least that have an upper end."""

_EXCEEDING_SLICES_MIN = 5
_FREEDOM_MIN = 3.0
"""Fewer degrees of freedom are beyond the expansion of ``_student``."""

_EARLY_STOPPING_ERROR = 0.01
"""One minus the confidence that MLPerf asks for."""


class Tail:
    """All latencies of a case, sorted once for several percentiles."""

    def __init__(
        self, slices: Sequence[NDArray[np.number]], workers: Sequence[int]
    ) -> None:
        """Take the samples.

        Args:
            slices: Samples of each slice, shape (k,), slices in order of time.
            workers: The worker of each slice.

        Raises:
            InputError: Slices and workers differ in number, or a sample is not finite.
        """
        if len(slices) != len(workers):
            raise InputError(
                f"{len(slices)} slices but {len(workers)} workers: one each"
            )
        samples = checked(np.concatenate([*slices, np.empty(0)]), "samples")
        sizes = np.array([len(taken) for taken in slices], dtype=np.int64)
        order = np.argsort(samples)
        self._ordered = samples[order]
        self._slices = np.repeat(np.arange(len(sizes)), sizes)[order]
        self._sizes = sizes
        self._workers = np.unique(workers, return_inverse=True)[1]

    @property
    def n(self) -> int:
        """Return the number of samples."""
        return len(self._ordered)

    def percentile(
        self, q: float, above_min: float = 10, confidence: float = 0.95
    ) -> Estimate:
        """Estimate a percentile of all samples, or refuse with the reason.

        It is published when the samples are worth so many independent ones that
        ``above_min`` of these are to be expected above it, and at least 5 independent
        slices hold samples above it. The interval ends at the nearest values whose
        share of samples above them is surely another (Woodruff, Journal of the
        American Statistical Association 47, 1952; Francisco and Fuller, Annals of
        Statistics 19, 1991), given how that share varies between slices and workers.

        Args:
            q: The percentile as a fraction, as 0.99.
            above_min: Below 4 no upper end of 97.5 % exists.
            confidence: Nominal coverage of the interval.

        Raises:
            InputError: ``q`` is out of range.
        """
        if not 0 < q < 1:
            raise InputError(f"percentile {q!r}: must lie between 0 and 1, as 0.99")
        n = self.n
        if not n:
            return Estimate(value=None, interval=None, n=0, reason="no samples")
        value = at_rank(self._ordered, 1 + q * (n - 1))
        refusal = self._unsupported(q, value, above_min)
        if refusal is not None:
            return Estimate(value=None, interval=None, n=n, reason=refusal)
        return Estimate(value=value, interval=self._interval(q, confidence), n=n)

    def early_stopping(self, q: float) -> Estimate:
        """Return MLPerf's estimate: with 99 % confidence no less than the percentile.

        The worst samples are dropped as long as that confidence allows it, and the
        largest left is reported, as LoadGen's early stopping does for the
        single-stream scenario. The confidence holds for independent samples.

        Args:
            q: The percentile as a fraction, as 0.99.
        """
        n = self.n
        over = over_latency_allowed(n, q)
        if over:
            return Estimate(value=float(self._ordered[n - over]), interval=None, n=n)
        need = queries_needed(q)
        reason = (
            f"MLPerf's estimate of {_name(q)} needs {need:,} queries; {n:,} were "
            f"measured: {need - n:,} more are needed"
        )
        return Estimate(value=None, interval=None, n=n, reason=reason)

    def _interval(self, q: float, confidence: float) -> Interval:
        """Return the interval of a percentile; its ends are samples."""
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        place = q * (self.n - 1)
        first, last = math.floor(place), math.ceil(place)

        def surely_above(rank: int) -> bool:
            share, reach = self._share(rank, q, z)
            return share <= 1 - q - reach

        def not_surely_below(rank: int) -> bool:
            share, reach = self._share(rank, q, z)
            return share < 1 - q + reach

        low = bisect_left(range(first), True, key=not_surely_below)
        high = bisect_left(range(self.n - 1), True, last, key=surely_above)
        return Interval(
            low=float(self._ordered[low]),
            high=float(self._ordered[high]),
            confidence=confidence,
        )

    def _share(self, rank: int, q: float, z: float) -> tuple[float, float]:
        """Return the share above a sample, and how far a share of 1 - q may be off."""
        excess = self._excess(self._ordered[rank], "right")
        return excess.share, math.sqrt(q * (1 - q) / self.n * excess.spread(z))

    def _excess(self, value: float, side: Literal["left", "right"]) -> Excess:
        """Return how the samples above a value, or from it on, lie in slices."""
        rank = int(np.searchsorted(self._ordered, value, side=side))
        counts = np.bincount(self._slices[rank:], minlength=len(self._sizes))
        return Excess(counts, self._sizes, self._workers)

    def _unsupported(self, q: float, value: float, above_min: float) -> str | None:
        """Return why the samples cannot support the percentile, or None if they can."""
        n, name = self.n, _name(q)
        from_it, above = self._excess(value, "left"), self._excess(value, "right")
        # Where samples tie with the value, the set that varies more counts.
        excess = max(above, from_it, key=lambda found: found.between_slices)
        # 10 / (1 - 0.99) is a hair above 1000 in floating point.
        need = math.ceil(round(above_min / (1 - q), 6))
        worth = n / excess.design_effect
        if worth < need:
            return (
                f"{name} needs {need:,} effective samples; {n:,} samples are worth "
                f"{math.floor(worth):,}: {_longer(need / worth)}"
            )
        independent = from_it.holding / excess.correlation_time
        if independent < _EXCEEDING_SLICES_MIN:
            return (
                f"{name} needs {_EXCEEDING_SLICES_MIN} independent slices with samples "
                f"above it; {from_it.holding:,} slices are worth "
                f"{math.floor(independent):,}: "
                f"{_longer(_EXCEEDING_SLICES_MIN / independent)}"
            )
        return None


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

    @property
    def design_effect(self) -> float:
        """Return how many samples are worth one independent sample, at least 1.

        Samples of a slice are alike by its state and by their own autocorrelation,
        which its count contains; slices are alike by their correlation time.
        """
        return max(1.0, self.between_slices) * self.correlation_time

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


@lru_cache(maxsize=4096)
def over_latency_allowed(n: int, q: float) -> int:
    """Return how many of n queries may exceed a bound that q of all queries keep.

    It is the largest t >= 1 for which t or fewer of n independent queries lie above the
    q-quantile with a chance below 1 %: MLPerf Inference's early stopping, tolerance 0
    (LoadGen's ``early_stopping.cc``). 0 where n is too small for any.
    """
    most = math.ceil(n * (1 - q)) + 1
    cumulative = np.cumsum(np.exp(_log_binomial(min(n, most), n, q)))
    return max(0, int(np.count_nonzero(cumulative < _EARLY_STOPPING_ERROR)) - 1)


@lru_cache(maxsize=64)
def queries_needed(q: float, over: int = 1) -> int:
    """Return the least queries of which ``over`` may exceed the bound, see above."""
    low, high = over, 2 * over
    while over_latency_allowed(high, q) < over:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if over_latency_allowed(middle, q) < over:
            low = middle
        else:
            high = middle
    return high


def _log_binomial(most: int, n: int, q: float) -> Values:
    """Return the logs of the chances that 0, 1 ... most of n lie above the quantile."""
    above = np.arange(1, most + 1)
    ratios = np.log((n - above + 1) / above) + math.log((1 - q) / q)
    return n * math.log(q) + np.cumsum(np.concatenate([[0.0], ratios]))


def _student(normal: float, freedom: float) -> float:
    """Return Student's quantile from the normal one (Abramowitz and Stegun 26.7.5)."""
    z, v = normal, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def _name(q: float) -> str:
    return f"p{100 * q:g}"


def _longer(times: float) -> str:
    """Return how much longer to measure, rounded up."""
    tenths = math.ceil(10 * times)
    told = f"{tenths / 10:.1f}" if tenths < 100 else f"{math.ceil(times):,}"
    return f"measure about {told} times as long"
