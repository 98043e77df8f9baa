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

BETWEEN_RUNS = 0.05
"""Relative standard deviation of a median from run to run where history is too short
to tell: 5.1 % was seen on a shared host (normal scheduling: 6.4 %)."""


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

    The ratio is the median over rounds: what the machine does to both in one round
    cancels. A change needs an interval without 1 and a ratio beyond the floor.

    Args:
        baseline: Slice medians, shape (rounds,), in order of time.
        candidate: Those of the same rounds, in the same unit.
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
    _check_positive("baseline", before)
    _check_positive("candidate", after)
    logs = np.log(after / before)
    n = len(logs)
    ends = sign_interval(logs, confidence)
    if ends is None:
        return _unknown(f"{n} rounds are too few to tell", n, paired=True)
    ratio = math.exp(float(np.median(logs)))
    low, high = math.exp(ends[0]), math.exp(ends[1])
    interval = Interval(low=low, high=high, confidence=confidence)
    return _judged(ratio, interval, floor, n, paired=True)


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
            return _unknown(reason, n, paired=False)
    variance = _log_variance(baseline) + _log_variance(candidate) + 2 * between_runs**2
    half = NormalDist().inv_cdf((1 + confidence) / 2) * math.sqrt(variance)
    ratio = float(candidate.value or 0) / float(baseline.value or 0)
    interval = Interval(
        low=ratio * math.exp(-half), high=ratio * math.exp(half), confidence=confidence
    )
    return _judged(ratio, interval, floor, n, paired=False)


def _check_positive(name: str, medians: NDArray[np.float64]) -> None:
    bad = medians[~((medians > 0) & (medians < np.inf))]
    if len(bad):
        raise InputError(
            f"{name}: slice median {float(bad[0])!r}; must be finite and above 0"
        )


def _judged(
    ratio: float, interval: Interval, floor: float, n: int, *, paired: bool
) -> Comparison:
    verdict = Verdict.SAME
    if interval.low > 1 and ratio > 1 + floor:
        verdict = Verdict.SLOWER
    elif interval.high < 1 and ratio < 1 / (1 + floor):
        verdict = Verdict.FASTER
    return Comparison(
        ratio=ratio, interval=interval, verdict=verdict, n=n, paired=paired
    )


def _unknown(reason: str, n: int, *, paired: bool) -> Comparison:
    return Comparison(
        ratio=None,
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
