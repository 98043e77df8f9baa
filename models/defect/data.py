"""Make the images of each split on demand, every one from its own seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..splits import Split
from .flaws import KINDS
from .panel import light_angle, panel
from .raster import SIDE, uniform

CLASSES: tuple[str, ...] = tuple(KINDS)


TRAINING = Split(name="training", seed=0x7061696E74_01, samples=16_000)
CALIBRATION = Split(name="calibration", seed=0x7061696E74_02, samples=256)
EVALUATION = Split(name="evaluation", seed=0x7061696E74_03, samples=1_200)
SPLITS = {split.name: split for split in (TRAINING, CALIBRATION, EVALUATION)}


def label(index: int) -> int:
    """Return the class of image number index; any prefix of a split is balanced."""
    return index % len(CLASSES)


def image(split: Split, index: int) -> npt.NDArray[np.uint8]:
    """Draw image number index of a split, uint8 [SIDE, SIDE].

    It depends on the split's seed and the index alone.
    """
    rng = split.rng(index)
    light = light_angle(rng)
    clean = panel(rng, light)
    drawn = clean + list(KINDS.values())[label(index)](rng, light)
    drawn += uniform(rng, 0.004, 0.014) * rng.standard_normal((SIDE, SIDE))
    return np.rint(np.clip(drawn, 0.0, 1.0) * 255.0).astype(np.uint8)


def images(split: Split, count: int | None = None) -> npt.NDArray[np.uint8]:
    """Draw the first count images of a split or all: uint8 [n, SIDE, SIDE]."""
    count = split.samples if count is None else count
    return np.stack([image(split, index) for index in range(count)])


def labels(split: Split, count: int | None = None) -> npt.NDArray[np.int64]:
    """Return the classes that go with images(), int64 [n]."""
    count = split.samples if count is None else count
    return np.array([label(index) for index in range(count)], dtype=np.int64)


def as_input(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Turn pixels into the model's input: float32 in [0, 1], [n, SIDE, SIDE, 1]."""
    return pixels[..., None].astype(np.float32) / np.float32(255.0)


def draw(split: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the inputs and labels of a split by its name."""
    chosen = SPLITS[split]
    return as_input(images(chosen)), labels(chosen)
