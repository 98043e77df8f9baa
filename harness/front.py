"""Which of several cases nothing else beats, in accuracy and in one cost at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

import moocore
import numpy as np


class State(StrEnum):
    """Where a case stands towards the others of its front."""

    FRONT = "front"
    WITHIN_NOISE = "within noise"
    DOMINATED = "dominated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Cost and accuracy as numbers of which less is better, with their bounds.

    ``sha256`` is the model file's: two uses of one were judged on the same samples.
    """

    sha256: object
    point: tuple[float, float]
    best: tuple[float, float]
    worst: tuple[float, float]

    @classmethod
    def of(
        cls,
        sha256: object,
        cost: tuple[float, float, float],
        accuracy: tuple[float, float, float],
    ) -> Contender:
        """Return the contender with these bounds, as ``bounds`` gives them."""
        best, point, worst = zip(cost, accuracy, strict=True)
        return cls(sha256=sha256, point=point, best=best, worst=worst)


def bounds(
    value: float,
    interval: tuple[float, float] | None,
    *,
    exact: bool = False,
    higher_is_better: bool = False,
) -> tuple[float, float, float]:
    """Return the best, the likely and the worst value, less being better.

    Without an interval nothing bounds a value, unless it is exact.
    """
    low, high = interval or ((value, value) if exact else (-inf, inf))
    return (-high, -value, -low) if higher_is_better else (low, value, high)


def states(contenders: Sequence[Contender]) -> list[State]:
    """Return where each stands: on the front, within noise of it, or dominated.

    Dominated is a case that another surely beats: at its worst no worse than this one
    at its best, in both.
    """
    points = np.array([contender.point for contender in contenders])
    on_it = moocore.is_nondominated(points, keep_weakly=True)
    return [
        State.FRONT if is_on else _off(contender, contenders)
        for contender, is_on in zip(contenders, on_it, strict=True)
    ]


def _off(one: Contender, others: Sequence[Contender]) -> State:
    """Return the state of a case that is not on the front."""
    beaten = any(_surely_beats(other, one) for other in others)
    return State.DOMINATED if beaten else State.WITHIN_NOISE


def _surely_beats(one: Contender, other: Contender) -> bool:
    """Return whether one is at its worst no worse than the other at its best.

    The accuracies of one model file were found on the same samples: which samples
    these were, all that the interval tells, cannot turn their order round.
    """
    worst, best = one.worst, other.best
    if one.sha256 is not None and one.sha256 == other.sha256:
        worst, best = (worst[0], one.point[1]), (best[0], other.point[1])
    no_worse = all(a <= b for a, b in zip(worst, best, strict=True))
    return no_worse and one.point != other.point
