"""How two variants differ in accuracy on the same samples, with intervals.

``docs/statistics.md`` shows by simulation how often each interval holds the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from .bootstrap import draws, percentile_interval
from .energy import student
from .errors import InputError
from .statistics import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEEDS_MIN = 3
"""Trainings from which what differs between them is estimated."""

CHANGED_MIN = 25
"""Samples that changed with any seed: of fewer, their variance says too little."""

_SEED = 0
_HALVINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Variant minus control, in the metric's unit; ``n`` samples, ``seeds`` trainings.

    ``p_value`` is McNemar's, of one pair of files that were judged right or wrong.
    ``paired`` says whether single samples were compared.
    """

    value: float
    interval: Interval
    n: int
    seeds: int = 1
    p_value: float | None = None
    paired: bool = True


def paired_difference(
    variant: NDArray[np.float64], control: NDArray[np.float64], confidence: float = 0.95
) -> Difference:
    """Compare two files on the same samples; the interval is of these very files.

    Where samples are right or wrong the interval is Tango's, else the bootstrap's.

    Args:
        variant: Each sample's outcome, shape (n,): 1 and 0, or any numbers.
        control: Those of the same samples.
        confidence: Nominal coverage.

    Raises:
        InputError: The shapes differ, or there are no samples.
    """
    change = _changes(np.atleast_2d(variant), np.atleast_2d(control))[0]
    n, value = len(change), float(change.mean())
    if _is_share(variant) and _is_share(control):
        gained, lost = int((change > 0).sum()), int((change < 0).sum())
        return Difference(
            value=value,
            interval=tango_interval(gained, lost, n, confidence),
            n=n,
            p_value=mcnemar_p(gained, lost),
        )
    means = [counts @ change / n for (counts,) in draws([n], _SEED)]
    interval = percentile_interval(np.concatenate(means), value, confidence)
    return Difference(value=value, interval=interval, n=n)


def difference_over_seeds(
    variant: NDArray[np.float64], control: NDArray[np.float64], confidence: float = 0.95
) -> Difference:
    """Compare two ways of training on the same samples, over several seeds.

    Seeds and samples are both taken for random draws that cross, as readers and cases
    are in diagnostic studies: the variance is that of Dorfman, Berbaum and Metz
    (*Investigative Radiology* 27, 1992), the degrees of freedom are those of Hillis
    (*Statistics in Medicine* 26, 2007). Where fewer than ``CHANGED_MIN`` samples of
    right and wrong changed, Tango's interval of the mean over seeds counts as well: the
    wider end of both.

    Args:
        variant: Outcomes, shape (seeds, n).
        control: Those of the same samples, shape (seeds, n) with the same seeds, or
            (1, n) where the control was not trained.
        confidence: Nominal coverage.

    Raises:
        InputError: The shapes differ, or there are fewer than ``SEEDS_MIN`` seeds.
    """
    change = _changes(variant, control)
    seeds, n = change.shape
    if seeds < SEEDS_MIN:
        raise InputError(f"{seeds} seeds: {SEEDS_MIN} or more are valid")
    value = float(change.mean())
    error, freedom = _crossed_error(change)
    half = _student((1 + confidence) / 2, freedom) * error
    low, high = value - half, value + half
    is_share = _is_share(variant) and _is_share(control)
    if is_share and np.count_nonzero(change.any(axis=0)) < CHANGED_MIN:
        gained, lost = (change > 0).sum() / seeds, (change < 0).sum() / seeds
        floor = tango_interval(gained, lost, n, confidence)
        low, high = min(low, floor.low), max(high, floor.high)
    interval = Interval(low=low, high=high, confidence=confidence)
    return Difference(value=value, interval=interval, n=n, seeds=seeds)


def tango_interval(
    gained: float, lost: float, n: int, confidence: float = 0.95
) -> Interval:
    """Return the score interval of a difference of paired proportions.

    The ends are where the score test of Tango (*Statistics in Medicine* 17, 1998) just
    does not refuse the difference. It keeps its promise with few samples that changed,
    and with none.

    Args:
        gained: Samples that only the variant has right.
        lost: Samples that only the control has right.
        n: All samples.
        confidence: Nominal coverage.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    value = (gained - lost) / n

    def score(delta: float) -> float:
        a = 2 * n
        b = -gained - lost + (2 * n - gained + lost) * delta
        c = -lost * delta * (1 - delta)
        # the share that only the control has right, most likely where delta holds
        share = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
        variance = n * (2 * share + delta * (1 - delta))
        off = gained - lost - n * delta
        if variance <= 0:
            return 0.0 if off == 0 else math.copysign(math.inf, off)
        return off / math.sqrt(variance)

    low = _end(lambda delta: score(delta) <= z, value, -1.0)
    high = _end(lambda delta: score(delta) >= -z, value, 1.0)
    return Interval(low=low, high=high, confidence=confidence)


def mcnemar_p(gained: int, lost: int) -> float:
    """Return the exact two-sided p of McNemar's test (*Psychometrika* 12, 1947)."""
    n, least = gained + lost, min(gained, lost)
    logs = (
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        for k in range(least + 1)
    )
    return min(1.0, 2 * math.fsum(math.exp(log - n * math.log(2)) for log in logs))


def unpaired_difference(
    variant: tuple[float, float, float], control: tuple[float, float, float], n: int
) -> Difference:
    """Compare two accuracies of which only (value, low, high) are known.

    The distances to the ends are added as squares (Newcombe's method 10, *Statistics
    in Medicine* 17, 1998; Zou and Donner, the same 27, 2008). On the same samples two
    variants mostly err alike, so the interval is wider than a paired one.
    """
    (one, low, high), (other, other_low, other_high) = variant, control
    value = one - other
    return Difference(
        value=value,
        interval=Interval(
            low=value - math.hypot(one - low, other_high - other),
            high=value + math.hypot(high - one, other - other_low),
        ),
        n=n,
        paired=False,
    )


def _changes(
    variant: NDArray[np.float64], control: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return variant minus control, shape (seeds, n)."""
    same = variant.ndim == control.ndim == 2 and variant.shape[1] == control.shape[1]
    if not same or len(control) not in (1, len(variant)) or not variant.size:
        raise InputError(
            f"outcomes of shape {variant.shape!r} and {control.shape!r}; as many "
            "samples, and as many seeds or one, are valid"
        )
    return np.asarray(variant - control)


def _is_share(outcomes: NDArray[np.float64]) -> bool:
    return bool(np.isin(outcomes, (0.0, 1.0)).all())


def _crossed_error(change: NDArray[np.float64]) -> tuple[float, float]:
    """Return the mean's standard error and its degrees of freedom."""
    seeds, n = change.shape
    mean = change.mean()
    by_seed, by_sample = change.mean(axis=1), change.mean(axis=0)
    of_seeds = n * float(((by_seed - mean) ** 2).sum()) / (seeds - 1)
    of_samples = seeds * float(((by_sample - mean) ** 2).sum()) / max(n - 1, 1)
    rest = change - by_seed[:, None] - by_sample + mean
    of_rest = float((rest**2).sum()) / max((seeds - 1) * (n - 1), 1)
    # Seeds that differ by less than chance allows do so by luck.
    variance = max(of_seeds, of_rest) + max(of_samples - of_rest, 0.0)
    if of_seeds <= 0:
        return math.sqrt(variance / (seeds * n)), math.inf
    freedom = (variance / of_seeds) ** 2 * (seeds - 1)
    return math.sqrt(variance / (seeds * n)), freedom


def _student(probability: float, freedom: float) -> float:
    """Return Student's quantile from two degrees of freedom on, never too small."""
    if freedom >= 3:
        return student(probability, freedom)
    exact = (2 * probability - 1) / math.sqrt(2 * probability * (1 - probability))
    part = (1 / max(freedom, 2.0) - 1 / 3) / (1 / 2 - 1 / 3)
    return part * exact + (1 - part) * student(probability, 3.0)


def _end(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return where, from inside to outside, something ceases to hold."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return inside
