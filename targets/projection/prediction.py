"""Cycles of a model on a core, and how far off they may be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .coefficients import Coefficients
from .cores import CORES
from .form import System, blend
from .rows import WORKS, board_key
from .work import Works

CLOCK_DEVIATION = 0.3
"""Per factor e by which a clock lies outside of those that the core's rows had.

Assumed: a faster clock waits longer for flash, by how much no published board tells.
"""
WORK_DEVIATION = 0.25
"""Per factor e by which a model is smaller or larger than all fitted ones; assumed."""
NORMAL_SCALE = 1.2815515655446004
"""Standard deviations to either side that hold 80 % of a normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a projection is asked for; ``stack`` and ``board`` where they are known.

    ``has_dsp`` is False for a core that was built without the DSP extension.
    """

    core: str
    clock_mhz: float
    stack: str | None = None
    board: str | None = None
    supply_v: float | None = None
    has_dsp: bool = True


def hardware(asked: Asked, stack: str | None) -> dict[str, object]:
    """Return what was projected for, as plain values; ``stack`` where it is known."""
    return {"core": asked.core, "clock_mhz": asked.clock_mhz, "stack": stack}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """The middle of the logarithm of cycles, half of its band's width, what is unknown.

    ``deviation`` is the standard deviation that the half width was made of.
    """

    log_cycles: float
    deviation: float
    half_width: float
    unknown: tuple[str, ...]


def known_stack(
    coefficients: Coefficients, stack: str | None
) -> tuple[str | None, str | None]:
    """Return the family and the version that a stack's name stands for, where known."""
    if stack is None:
        return None, None
    wanted = stack.strip().casefold()
    for family in coefficients.families.values():
        if family.casefold() == wanted:
            return family, None
    for version, family in coefficients.families.items():
        if version.casefold() == wanted:
            return family, version
    return None, None


def predict(coefficients: Coefficients, works: Works, asked: Asked) -> Prediction:
    """Return what the fit makes of a model's work on a core of `CORES`."""
    family, version = known_stack(coefficients, asked.stack)
    known = {
        "core": asked.core,
        "family": family,
        "version": version,
        "board": None if asked.board is None else board_key(asked.board),
    }
    stack = version or family
    live = coefficients.live_share
    if stack is not None:
        live = coefficients.live_shares[stack]
    found, difference = blend(
        works,
        live,
        System(core=CORES[asked.core], known=known),
        coefficients.index,
        coefficients.vector,
    )
    variances = [
        float(found.gradient @ coefficients.matrix @ found.gradient),
        coefficients.noise**2,
        live * (1 - live) * difference**2,
        0.0 if works in WORKS.values() else coefficients.model_deviation**2,
        (CLOCK_DEVIATION * _clock_distance(coefficients, asked)) ** 2,
        (WORK_DEVIATION * coefficients.macs.distance(works.all.macs)) ** 2,
    ]
    variances += [
        (coefficients.deviations[kind] * loading) ** 2
        for kind, loading in found.unknown.items()
    ]
    deviation = float(np.sqrt(sum(variances)))
    scale = coefficients.scale
    if asked.core not in coefficients.clocks_mhz:
        # Few cores were ever left out: what that says is not used to narrow.
        scale = max(scale, NORMAL_SCALE)
    return Prediction(
        log_cycles=found.log_cycles,
        deviation=deviation,
        half_width=scale * deviation,
        unknown=tuple(found.unknown),
    )


def _clock_distance(coefficients: Coefficients, asked: Asked) -> float:
    span = coefficients.clocks_mhz.get(asked.core)
    return 0.0 if span is None else span.distance(asked.clock_mhz)
