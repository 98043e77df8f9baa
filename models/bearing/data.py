"""The recordings: what a 16-bit sensor on the machine reads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..dataset import Dataset
from ..splits import splits
from .faults import KINDS
from .machine import Machine, Signal, running, vibration

FULL_SCALE_G = 2.0
"""What the sensor reads at most; a 16-bit sensor's step is then 61 micro-g."""

_LEVELS = 32_768


def recording(
    rng: np.random.Generator,
    fault: str,
    worn: Callable[[Machine], Machine] | None = None,
    added: Callable[[Machine], Signal] | None = None,
) -> npt.NDArray[np.int16]:
    """Draw a recording as the sensor's integers, [SAMPLES].

    ``worn`` is what became of the machine, and ``added`` returns an acceleration in g
    that it has besides.
    """
    machine = running(rng)
    if worn is not None:
        machine = worn(machine)
    acceleration_g = vibration(rng, machine) + KINDS[fault](rng, machine)
    if added is not None:
        acceleration_g += added(machine)
    levels = np.rint(acceleration_g / FULL_SCALE_G * _LEVELS)
    return np.clip(levels, -_LEVELS, _LEVELS - 1).astype(np.int16)


def as_input(levels: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Turn recordings into the model's input: float32 in [-1, 1), [n, 1, SAMPLES, 1].

    One is FULL_SCALE_G.
    """
    return levels[:, None, :, None].astype(np.float32) / np.float32(_LEVELS)


DATA = Dataset(
    classes=tuple(KINDS), splits=splits(0x62616C6C), make=recording, as_input=as_input
)
