"""Which trials nothing else beats, and how much of the space of trade-offs they hold.

Both objectives are minimised: the error, 1 - accuracy, and the latency as a ratio to
the reference network's.
"""

from __future__ import annotations

from collections.abc import Sequence

import moocore
import numpy as np

Point = tuple[float, float]
"""Error and latency ratio."""

LATENCY_RATIO_MAX = 1.5


def reference_point(classes: int) -> Point:
    """Return the worst trade-off that counts: a guess, at 1.5 times the latency."""
    return 1 - 1 / classes, LATENCY_RATIO_MAX


def hypervolume(points: Sequence[Point], reference: Point) -> float:
    """Return the area that points dominate, of that between 0 and the reference: 0..1.

    A point that is not better than the reference in both adds nothing.
    """
    if not points:
        return 0.0
    area = float(moocore.hypervolume(np.array(points, dtype=float), ref=reference))
    return area / (reference[0] * reference[1])


def over_trials(points: Sequence[Point | None], reference: Point) -> list[float]:
    """Return the hypervolume after each trial; one without a point leaves it."""
    found: list[float] = []
    so_far: list[Point] = []
    for point in points:
        so_far += [] if point is None else [point]
        found.append(hypervolume(so_far, reference))
    return found


def front(points: Sequence[Point | None]) -> list[int]:
    """Return the indices of those that nothing else beats, the fastest first.

    Of equal ones the first stands for all.
    """
    known = [index for index, point in enumerate(points) if point is not None]
    if not known:
        return []
    array = np.array([points[index] for index in known], dtype=float)
    kept = moocore.is_nondominated(array, keep_weakly=False)
    order = np.argsort(array[:, 1], kind="stable")
    return [known[place] for place in order if kept[place]]
