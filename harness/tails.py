"""The slow end of a case's latencies: percentiles with support, and MLPerf's estimate.

Both say why where the samples do not suffice, and how much more it takes;
docs/statistics.md gives the evidence.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .early_stopping import over_latency_allowed, queries_needed
from .errors import InputError
from .excess import Excess
from .statistics import Estimate, Interval, at_rank, checked

_EXCEEDING_SLICES_MIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """What it takes to publish a percentile.

    ``above`` effective samples are to be expected above it; fewer than 4 have no upper
    end of 97.5 %. A ``lasting`` one is to tell of more than its window: slices that are
    alike because they are close in time then count as fewer.
    """

    above: float
    lasting: bool


P90_SUPPORT = Support(above=4, lasting=False)
P99_SUPPORT = Support(above=10, lasting=True)


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
        self, q: float, support: Support = P99_SUPPORT, confidence: float = 0.95
    ) -> Estimate:
        """Estimate a percentile of all samples, or refuse with the reason.

        It is published when the samples are worth enough independent ones and at least
        5 independent slices hold samples above it. The interval ends at the nearest
        values whose share of samples above them is surely another (Woodruff, Journal of
        the American Statistical Association 47, 1952; Francisco and Fuller, Annals of
        Statistics 19, 1991), given how that share varies between slices and workers.

        Args:
            q: The percentile as a fraction, as 0.99.
            support: What it takes.
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
        refusal = self._unsupported(q, value, support)
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

    def _unsupported(self, q: float, value: float, support: Support) -> str | None:
        """Return why the samples cannot support the percentile, or None if they can."""
        n, name = self.n, _name(q)
        from_it, above = self._excess(value, "left"), self._excess(value, "right")
        # Where samples tie with the value, the set that varies more counts.
        excess = max(above, from_it, key=lambda found: found.between_slices)
        # 10 / (1 - 0.99) is a hair above 1000 in floating point.
        need = math.ceil(round(support.above / (1 - q), 6))
        alike = excess.correlation_time if support.lasting else 1.0
        worth = n / excess.design_effect(alike)
        if worth < need:
            return (
                f"{name} needs {need:,} effective samples; {n:,} samples are worth "
                f"{math.floor(worth):,}: {_longer(need / worth)}"
            )
        independent = from_it.holding / alike
        if independent < _EXCEEDING_SLICES_MIN:
            return (
                f"{name} needs {_EXCEEDING_SLICES_MIN} independent slices with samples "
                f"above it; {from_it.holding:,} slices are worth "
                f"{math.floor(independent):,}: "
                f"{_longer(_EXCEEDING_SLICES_MIN / independent)}"
            )
        return None


def _name(q: float) -> str:
    return f"p{100 * q:g}"


def _longer(times: float) -> str:
    """Return how much longer to measure, rounded up."""
    tenths = math.ceil(10 * times)
    told = f"{tenths / 10:.1f}" if tenths < 100 else f"{math.ceil(times):,}"
    return f"measure about {told} times as long"
