"""Make the recordings of each split on demand, every one from its own seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..splits import Split
from .faults import KINDS
from .machine import running, vibration

CLASSES: tuple[str, ...] = tuple(KINDS)
FULL_SCALE_G = 2.0
"""What the sensor reads at most; a 16-bit sensor's step is then 61 micro-g."""

TRAINING = Split(name="training", seed=0x62616C6C_01, samples=16_000)
CALIBRATION = Split(name="calibration", seed=0x62616C6C_02, samples=256)
EVALUATION = Split(name="evaluation", seed=0x62616C6C_03, samples=1_200)
SPLITS = {split.name: split for split in (TRAINING, CALIBRATION, EVALUATION)}

_LEVELS = 32_768


def label(index: int) -> int:
    """Return the class of recording number index; any prefix of a split is balanced."""
    return index % len(CLASSES)


def recording(split: Split, index: int) -> npt.NDArray[np.int16]:
    """Draw recording number index of a split as the sensor's integers, [SAMPLES].

    It depends on the split's seed and the index alone.
    """
    rng = split.rng(index)
    machine = running(rng)
    sound = vibration(rng, machine)
    acceleration_g = sound + list(KINDS.values())[label(index)](rng, machine)
    levels = np.rint(acceleration_g / FULL_SCALE_G * _LEVELS)
    return np.clip(levels, -_LEVELS, _LEVELS - 1).astype(np.int16)


def recordings(split: Split, count: int | None = None) -> npt.NDArray[np.int16]:
    """Draw the first count recordings of a split or all: int16 [n, SAMPLES]."""
    count = split.samples if count is None else count
    return np.stack([recording(split, index) for index in range(count)])


def labels(split: Split, count: int | None = None) -> npt.NDArray[np.int64]:
    """Return the classes that go with recordings(), int64 [n]."""
    count = split.samples if count is None else count
    return np.array([label(index) for index in range(count)], dtype=np.int64)


def as_input(levels: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Turn recordings into the model's input: float32 in [-1, 1), [n, 1, SAMPLES, 1].

    One is FULL_SCALE_G.
    """
    return levels[:, None, :, None].astype(np.float32) / np.float32(_LEVELS)


def draw(split: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the inputs and labels of a split by its name."""
    chosen = SPLITS[split]
    return as_input(recordings(chosen)), labels(chosen)
