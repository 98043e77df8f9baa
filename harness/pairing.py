"""Whether a candidate is slower or faster than its baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, NotComparable
from .statistics import Estimate, Interval, sign_interval

FLOOR = 0.02
"""The smallest change worth an alarm, as a share of the baseline."""

CONFIDENCE = 0.995
"""Of a comparison's interval: a gate compares hundreds of cases every night."""


class Verdict(StrEnum):
    """What a comparison showed; ``same`` means that no change was shown."""

    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Candidate over baseline; a ratio above 1 is slower.

    ``n`` counts the rounds of a paired comparison, else the slices of the smaller side.
    """

    ratio: float | None
    interval: Interval | None
    verdict: Verdict
    n: int
    paired: bool = True
    reason: str | None = None


def compare_paired(
    baseline: NDArray[np.floating],
    candidate: NDArray[np.floating],
    floor: float = FLOOR,
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Compare two cases that were measured in the same rounds.

    The ratio is the median over rounds of candidate / baseline: what the machine does
    to both in one round cancels. A change is called when the interval excludes 1 and
    the ratio lies beyond the floor.

    Args:
        baseline: Shape (rounds,), slice medians in order of time.
        candidate: Shape (rounds,), of the same rounds, in the same unit.
        floor: Smallest change called, as a share.
        confidence: Coverage of the interval.

    Raises:
        NotComparable: The numbers of rounds differ.
        InputError: A slice median is not a finite number above zero.
    """
    before = np.asarray(baseline, dtype=np.float64)
    after = np.asarray(candidate, dtype=np.float64)
    if before.shape != after.shape or before.ndim != 1:
        raise NotComparable("shape of the rounds", before.shape, after.shape)
    for name, values in (("baseline", before), ("candidate", after)):
        if not np.all((values > 0) & (values < np.inf)):
            raise InputError(f"{name}: slice medians must be finite and above 0")
    n = len(before)
    if n == 0:
        return _unknown("no round holds both cases", None, n, paired=True)
    logs = np.log(after / before)
    ratio = math.exp(float(np.median(logs)))
    ends = sign_interval(logs, confidence)
    if ends is None:
        return _unknown(f"{n} rounds are too few to tell", ratio, n, paired=True)
    low, high = (math.exp(end) for end in ends)
    interval = Interval(low=low, high=high, confidence=confidence)
    verdict = _verdict(ratio, interval, floor)
    return Comparison(ratio=ratio, interval=interval, verdict=verdict, n=n)


def compare_unpaired(
    baseline: Estimate,
    candidate: Estimate,
    between_runs: float,
    floor: float = FLOOR,
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Compare two cases of different runs, as after a change of driver or board.

    The three sources of error, each estimate's own and the machine's from run to run,
    add as variances of the logarithm.

    Args:
        baseline: Estimate with an interval.
        candidate: Estimate with an interval, in the same unit.
        between_runs: Relative standard deviation of one run's median from run to run,
            known from history; it applies to both sides.
        floor: Smallest change called, as a share.
        confidence: Coverage of the interval.

    Raises:
        InputError: ``between_runs`` is negative or an interval reaches zero.
    """
    if not between_runs >= 0:
        raise InputError(f"between_runs {between_runs!r}: must be 0 or more")
    n = min(baseline.n, candidate.n)
    for name, side in (("baseline", baseline), ("candidate", candidate)):
        if side.interval is None or side.value is None:
            reason = f"{name} has no interval: {side.reason}"
            return _unknown(reason, None, n, paired=False)
    variance = _log_variance(baseline) + _log_variance(candidate) + 2 * between_runs**2
    half = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance)
    ratio = float(candidate.value or 0) / float(baseline.value or 0)
    interval = Interval(
        low=ratio * math.exp(-half), high=ratio * math.exp(half), confidence=confidence
    )
    verdict = _verdict(ratio, interval, floor)
    return Comparison(
        ratio=ratio, interval=interval, verdict=verdict, n=n, paired=False
    )


def _verdict(ratio: float, interval: Interval, floor: float) -> Verdict:
    if interval.low > 1 and ratio > 1 + floor:
        return Verdict.SLOWER
    if interval.high < 1 and ratio < 1 / (1 + floor):
        return Verdict.FASTER
    return Verdict.SAME


def _unknown(reason: str, ratio: float | None, n: int, *, paired: bool) -> Comparison:
    return Comparison(
        ratio=ratio,
        interval=None,
        verdict=Verdict.UNKNOWN,
        n=n,
        paired=paired,
        reason=reason,
    )


def _log_variance(estimate: Estimate) -> float:
    """Return the variance of the logarithm that the interval's width stands for."""
    interval = estimate.interval
    if interval is None or interval.low <= 0:
        raise InputError(f"interval {interval!r}: must lie above 0 to form a ratio")
    half = math.log(interval.high / interval.low) / 2
    return (half / NormalDist().inv_cdf((1 + interval.confidence) / 2)) ** 2
