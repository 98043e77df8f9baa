"""Estimates and intervals from raw samples; docs/statistics.md gives the evidence.

Every function is pure. A value that the samples cannot support is None with a reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .errors import InputError

Values = NDArray[np.float64]

_SPARE_CHANGES = 2.0
"""Added to the changes of side that were counted: few changes may be luck."""

_WARM_UP_MADS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Two ends that hold the truth in at least ``confidence`` of all runs."""

    low: float
    high: float
    confidence: float = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value from ``n`` slices or samples; ``reason`` says what is missing and why."""

    value: float | None
    interval: Interval | None
    n: int
    reason: str | None = None

    @property
    def relative_half_width(self) -> float | None:
        """Return half the interval's width over the value; None without both."""
        if self.interval is None or not self.value:
            return None
        return (self.interval.high - self.interval.low) / 2 / abs(self.value)


def median_estimate(
    slice_medians: NDArray[np.floating],
    starts_s: NDArray[np.floating] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Estimate the median over the measured window from one value per slice.

    Args:
        slice_medians: Shape (n,), any unit, in order of time unless ``starts_s`` is
            given.
        starts_s: Shape (n,), when each slice began. Slices of one visit (bunched in
            time) count as one: they share the machine's state.
        confidence: What the interval promises at the stop of ``StopRule``. Half the
            error is set aside for having looked after every round.

    Raises:
        InputError: A value is not finite, or the shapes differ.
    """
    values = checked(slice_medians, "slice medians")
    if not 0 < confidence < 1:
        raise InputError(f"confidence {confidence!r}: must lie between 0 and 1")
    n = len(values)
    if starts_s is not None:
        values = _one_per_visit(values, checked(starts_s, "starts_s", n))
    if n == 0:
        return Estimate(value=None, interval=None, n=0, reason="no slices")
    middle = _middle(np.sort(values))
    level = 1 - (1 - confidence) / 2
    ends = sign_interval(values, level)
    if ends is None:
        need = _values_needed(level)
        reason = f"{len(values)} separate slices; an interval needs {need}"
        return Estimate(value=middle, interval=None, n=n, reason=reason)
    interval = Interval(low=ends[0], high=ends[1], confidence=confidence)
    return Estimate(value=middle, interval=interval, n=n)


def sign_interval(values: Values, level: float) -> tuple[float, float] | None:
    """Return the ends of the median's interval, or None for too few values.

    The ends are order statistics as in the sign test, interpolated to ``level``
    (Hettmansperger and Sheather 1986). Smooth drift makes that test too cautious:
    values spread evenly over the window fall below its median more regularly than
    coin tosses do. The ranks therefore move towards the middle by the square root of
    the ratio of the variances, which successive differences estimate (von Neumann
    1941), taken here of the indicators "above the median" and to second order.

    Args:
        values: Shape (n,), in order of time.
        level: Nominal coverage for independent values.
    """
    n = len(values)
    depth = _depth(n, level)
    if depth is None:
        return None
    ordered = np.sort(values)
    above = (values > _middle(ordered)).astype(np.int64)
    bends = np.diff(above, 2)
    # Independent values change side n / 2 times; their squared bends add up to
    # 3 (n - 2) / 2, those of any values between 0 and 4 each.
    changes = int(bends.dot(bends)) / 3 * n / (n - 2)
    share = min(1.0, (changes + _SPARE_CHANGES) / (n / 2))
    reach = ((n + 1) / 2 - depth) * math.sqrt(share)
    return (
        at_rank(ordered, (n + 1) / 2 - reach),
        at_rank(ordered, (n + 1) / 2 + reach),
    )


def throughput_estimate(
    calls: NDArray[np.integer],
    elapsed_s: NDArray[np.floating],
    starts_s: NDArray[np.floating] | None = None,
    confidence: float = 0.95,
) -> Estimate:
    """Estimate the rate that half of all slices or windows reach, in 1/s.

    Args:
        calls: Shape (n,), calls or samples finished in each slice or window.
        elapsed_s: Shape (n,), seconds that these took.
        starts_s: As in ``median_estimate``.
        confidence: As in ``median_estimate``.

    Raises:
        InputError: The shapes differ or a duration is not above zero.
    """
    seconds = checked(elapsed_s, "elapsed_s", len(calls))
    if np.any(seconds <= 0):
        raise InputError(f"elapsed_s {float(seconds.min())!r}: must be above 0")
    return median_estimate(np.asarray(calls) / seconds, starts_s, confidence)


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Return the interval of a proportion (Wilson 1927), for accuracy.

    Raises:
        InputError: ``n`` is not above zero or ``successes`` not within 0..n.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise InputError(f"{successes!r} of {n!r}: need 0 <= successes <= n, n > 0")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = (
        z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    )
    # Rounding must not push the ends past what was seen at 0 and n successes.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(low=low, high=high, confidence=confidence)


def steady_start(slice_medians: NDArray[np.floating]) -> int:
    """Return how many leading slices are warm-up; nothing is thrown away.

    Warm-up are the slices, from the first on, that lie more than 3 median absolute
    deviations above the later half's median; at most the earlier half.
    """
    values = checked(slice_medians, "slice medians")
    half = len(values) // 2
    if half < 2:
        return 0
    later = values[half:]
    middle = np.median(later)
    limit = middle + _WARM_UP_MADS * np.median(np.abs(later - middle))
    steady = np.flatnonzero(values[:half] <= limit)
    return int(steady[0]) if len(steady) else half


def checked(values: NDArray[np.number], name: str, n: int | None = None) -> Values:
    """Return finite values of shape (n,) as float64.

    Raises:
        InputError: The shape is another or a value is not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or (n is not None and len(array) != n):
        want = "(n,)" if n is None else f"({n},)"
        raise InputError(f"{name}: shape is {array.shape!r}; must be {want}")
    finite = np.isfinite(array)
    if not finite.all():
        at = int(np.argmin(finite))
        raise InputError(f"{name}: {float(array[at])!r} at {at}; must be finite")
    return array


def _middle(ordered: Values) -> float:
    n = len(ordered)
    return float(ordered[(n - 1) // 2] + ordered[n // 2]) / 2


def at_rank(ordered: Values, rank: float) -> float:
    """Return the value at a rank from 1 to n, interpolated between its neighbours."""
    below = min(max(math.floor(rank), 1), len(ordered) - 1)
    part = min(max(rank - below, 0.0), 1.0)
    low, high = float(ordered[below - 1]), float(ordered[below])
    return low + part * (high - low)


@lru_cache(maxsize=4096)
def _depth(n: int, level: float) -> float | None:
    """Return the interpolated rank, from either end, of the sign test's interval."""
    if n < _values_needed(level):
        return None
    # Coverage of the ranks rank..n + 1 - rank is P(rank <= X <= n - rank) for X
    # binomial (n, 1/2): add up from the middle outwards until it reaches the level.
    rank, inner, outer = n // 2 + 1, 0.0, 0.0
    while outer < level and rank > 1:
        rank, inner = rank - 1, outer
        log_share = math.lgamma(n + 1) - math.lgamma(rank + 1)
        log_share -= math.lgamma(n - rank + 1) + n * math.log(2)
        outer += math.exp(log_share) * (1 if 2 * rank == n else 2)
    part = (outer - level) / (outer - inner)
    return rank + (n - rank) * part / (rank + (n - 2 * rank) * part)


def _values_needed(level: float) -> int:
    """Return how many values the sign test needs to reach the level at all."""
    return max(3, math.ceil(1 - math.log2(1 - level) - 1e-9))


def _one_per_visit(values: Values, starts_s: Values) -> Values:
    """Return values in order of time, the slices of one visit as their median.

    The usual gap is the one that a random moment falls into: the mean of the gaps
    weighted by themselves. In random round robin few gaps (1 in 13) are under a third
    of it. Where two in five are, slices come in visits, or all other cases have ended.
    A visit lasts no longer than the usual gap: slices that follow one another for
    longer count once in each such time.
    """
    order = np.argsort(starts_s, kind="stable")
    values = values[order]
    if len(values) < 3:
        return values
    gaps = np.diff(starts_s[order])
    usual_s = float(gaps @ gaps) / max(float(gaps.sum()), 1e-9)
    near = gaps < usual_s / 3
    if np.count_nonzero(near) < 0.4 * len(near):
        return values
    visit = _visits(starts_s[order], near, usual_s)
    ordered = values[np.lexsort((values, visit))]
    sizes = np.bincount(visit)
    first = np.cumsum(sizes) - sizes
    lower, upper = ordered[first + (sizes - 1) // 2], ordered[first + sizes // 2]
    return np.asarray((lower + upper) / 2)


def _visits(
    starts_s: Values, near: NDArray[np.bool_], longest_s: float
) -> NDArray[np.int64]:
    """Return the number of each slice's visit, from 0."""
    visit = np.zeros(len(starts_s), dtype=np.int64)
    began = starts_s[0]
    for index, close in enumerate(near, start=1):
        new = not close or starts_s[index] - began >= longest_s
        visit[index] = visit[index - 1] + new
        if new:
            began = starts_s[index]
    return visit
