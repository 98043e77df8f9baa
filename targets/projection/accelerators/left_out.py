"""How far off bands of Hailo's networks are when each is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .analogues import Neighbour, analogues, log_fps
from .band import COVERAGE
from .rows import HAILO_BATCHES
from .work import Work

SCALES = tuple(float(x) for x in np.round(np.arange(0.6, 2.51, 0.1), 2))
"""How far bands may be stretched."""


def calibrated_scale(found: Sequence[Neighbour]) -> float:
    """Return the least scale with which bands hold `COVERAGE` of networks left out.

    Their kind is told: that it may be another is no reason to stretch every band.
    """
    fitted = [
        (
            own,
            work_of(own, tells_kind=True),
            analogues([x for x in found if x is not own], batch),
        )
        for own in found
        for batch in HAILO_BATCHES.values()
    ]
    low, high = 0, len(SCALES) - 1
    while low < high:  # what is held grows with the scale
        middle = (low + high) // 2
        held = [
            log_fps(rest, work, scale=SCALES[middle]).holds(own.log_fps(rest.batch))
            for own, work, rest in fitted
        ]
        if np.mean(held) >= COVERAGE:
            high = middle
        else:
            low = middle + 1
    return SCALES[low]


def work_of(own: Neighbour, *, tells_kind: bool) -> Work:
    """Return a published network's work, with its kind or by numbers alone."""
    whole = Work(
        parameters=own.parameters,
        macs=own.macs,
        kind=own.kind,
        elements=own.elements,
        bits=8,
    )
    return whole if tells_kind else replace(whole, kind=None)
