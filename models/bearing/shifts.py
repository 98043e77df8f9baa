"""How a machine wears after the model was trained, whatever its fault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..shift import Shift, Shifts
from .data import DATA, recording
from .machine import SAMPLES, uniform

if TYPE_CHECKING:
    from .machine import Machine, Signal

Rng = np.random.Generator


def clearance(rng: Rng, fault: str, own: Rng, severity: int) -> npt.NDArray[np.int16]:
    """Draw a recording of a bearing whose balls have more play.

    They slip more, and fewer of them bear the load, by 40 % of what it was a step.
    """
    return recording(
        rng, fault, lambda machine: replace(machine, clearance=0.4 * severity)
    )


def roughness(rng: Rng, fault: str, own: Rng, severity: int) -> npt.NDArray[np.int16]:
    """Draw a recording of a bearing with rough races: more rumble and more hiss."""

    def added(machine: Machine) -> Signal:
        rumble = uniform(own, 0.5, 1.0) * machine.casing.rumble(own)
        hiss = uniform(own, 0.5, 1.0) * own.standard_normal(SAMPLES)
        return np.asarray(0.03 * severity * (rumble + hiss))

    return recording(rng, fault, added=added)


def resonance(rng: Rng, fault: str, own: Rng, severity: int) -> npt.NDArray[np.int16]:
    """Draw a recording of a casing that has worked loose: it rings lower and shorter.

    Its frequency falls by 9 % a step, and its damping grows by a quarter.
    """

    def worn(machine: Machine) -> Machine:
        casing = replace(
            machine.casing,
            frequency_hz=machine.casing.frequency_hz * (1.0 - 0.09 * severity),
            damping=machine.casing.damping * (1.0 + 0.25 * severity),
        )
        return replace(machine, casing=casing)

    return recording(rng, fault, worn)


SHIFTS = Shifts(
    data=DATA,
    shifts=(
        Shift(
            name="clearance",
            summary="the balls' play grows by 40 % a step: they slip, fewer bear load",
            make=clearance,
        ),
        Shift(
            name="roughness",
            summary="rough races: rumble and hiss grow by some 0.03 g a step",
            make=roughness,
        ),
        Shift(
            name="resonance",
            summary="a casing worked loose rings 9 % lower a step, and shorter",
            make=resonance,
        ),
    ),
)
