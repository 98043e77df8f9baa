"""The slow end of a case's latencies: percentiles with support, and MLPerf's estimate.

Both say why where the samples do not suffice, and how much more it takes;
docs/statistics.md gives the evidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .statistics import Estimate, Interval, Values, at_rank, checked

_EXCEEDING_MIN = 10
"""Effective samples above a percentile that it takes to publish it."""

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
        held = [index for index, taken in enumerate(slices) if len(taken)]
        everything = [slices[index] for index in held]
        self._samples = checked(np.concatenate([*everything, np.empty(0)]), "samples")
        self._ordered = np.sort(self._samples)
        self._sizes = np.array([len(taken) for taken in everything])
        self._workers = np.array([workers[index] for index in held])

    @property
    def n(self) -> int:
        """Return the number of samples."""
        return len(self._ordered)

    def percentile(self, q: float, confidence: float = 0.95) -> Estimate:
        """Estimate a percentile of all samples, or refuse with the reason.

        It is published when the samples are worth 10 / (1 - q) independent ones and at
        least 5 independent slices hold samples above it. The interval's ends are those
        percentiles that the share of samples above them cannot tell from ``q``
        (Woodruff, Journal of the American Statistical Association 47, 1952), given how
        that share varies between slices and between workers.

        Args:
            q: The percentile as a fraction, as 0.99.
            confidence: Nominal coverage of the interval.

        Raises:
            InputError: ``q`` is out of range.
        """
        if not 0 < q < 1:
            raise InputError(f"percentile {q!r}: must lie between 0 and 1, as 0.99")
        n = self.n
        if not n:
            return Estimate(value=None, interval=None, n=0, reason="no samples")
        value = self._at(q)
        excess = self._excess(value)
        refusal = self._unsupported(q, value, excess)
        if refusal is not None:
            return Estimate(value=None, interval=None, n=n, reason=refusal)
        reach = math.sqrt(q * (1 - q) / n * self._spread(excess, confidence))
        low, high = self._at(max(0.0, q - reach)), self._at(min(1.0, q + reach))
        interval = Interval(low=low, high=high, confidence=confidence)
        return Estimate(value=value, interval=interval, n=n)

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

    def _at(self, q: float) -> float:
        return at_rank(self._ordered, 1 + q * (self.n - 1))

    def _excess(self, value: float) -> Excess:
        """Return how samples above a value are spread over slices.

        Where samples tie with the value, above it and from it on are different sets:
        the one that varies more counts.
        """
        above, from_it = (
            Excess(self._counts(hit), self._sizes, self._workers)
            for hit in (self._samples > value, self._samples >= value)
        )
        return max(above, from_it, key=lambda excess: excess.between_slices)

    def _counts(self, hit: NDArray[np.bool_]) -> NDArray[np.int64]:
        starts = np.cumsum(self._sizes) - self._sizes
        return np.add.reduceat(hit, starts, dtype=np.int64)

    def _unsupported(self, q: float, value: float, excess: Excess) -> str | None:
        """Return why the samples cannot support the percentile, or None if they can."""
        n, name = self.n, _name(q)
        # 10 / (1 - 0.99) is a hair above 1000 in floating point.
        need = math.ceil(round(_EXCEEDING_MIN / (1 - q), 6))
        worth = n / excess.design_effect
        if worth < need:
            return (
                f"{name} needs {need:,} effective samples; {n:,} samples are worth "
                f"{math.floor(worth):,}: {_longer(need / worth)}"
            )
        holding = int(np.count_nonzero(self._counts(self._samples >= value)))
        independent = holding / excess.correlation_time
        if independent < _EXCEEDING_SLICES_MIN:
            return (
                f"{name} needs {_EXCEEDING_SLICES_MIN} independent slices with samples "
                f"above it; {holding:,} slices are worth {math.floor(independent):,}: "
                f"{_longer(_EXCEEDING_SLICES_MIN / independent)}"
            )
        return None

    def _spread(self, excess: Excess, confidence: float) -> float:
        """Return the squared normal or Student quantile times the design effect."""
        normal = NormalDist().inv_cdf((1 + confidence) / 2)
        student = _student(normal, max(_FREEDOM_MIN, excess.freedom))
        return max(
            normal**2,
            student**2 * excess.between_slices,
            normal**2 * excess.between_workers,
        )


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

        Residuals are counts less those that the overall share would give: those of a
        ratio estimator (Cochran, Sampling Techniques, 1977, 6.4).
        """
        share = counts.sum() / sizes.sum()
        self._binomial = float(sizes.sum() * share * (1 - share))
        self._residuals: Values = counts - share * sizes
        self._workers = workers

    @property
    def between_slices(self) -> float:
        """Return the variance from slices that are independent of one another."""
        return self._relative(self._residuals)

    @property
    def between_workers(self) -> float:
        """Return the variance from workers that are independent of one another."""
        _, place = np.unique(self._workers, return_inverse=True)
        return self._relative(np.bincount(place, weights=self._residuals))

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
