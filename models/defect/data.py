"""Make the images of each split on demand, every one from its own seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..content import content_sha256
from .flaws import KINDS
from .panel import light_angle, panel
from .raster import SIDE, uniform

CLASSES: tuple[str, ...] = tuple(KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A stream of images: its seed, and how many of them belong to the split."""

    name: str
    seed: int
    images: int


TRAINING = Split(name="training", seed=0x7061696E74_01, images=16_000)
CALIBRATION = Split(name="calibration", seed=0x7061696E74_02, images=256)
EVALUATION = Split(name="evaluation", seed=0x7061696E74_03, images=1_200)
SPLITS = {split.name: split for split in (TRAINING, CALIBRATION, EVALUATION)}


def label(index: int) -> int:
    """Return the class of image number index; any prefix of a split is balanced."""
    return index % len(CLASSES)


def image(split: Split, index: int) -> npt.NDArray[np.uint8]:
    """Draw image number index of a split, uint8 [SIDE, SIDE].

    The split's seed and the index form the key of a counter-based generator, so no
    two images share a stream of random numbers, within a split or across splits.
    """
    key = np.array([split.seed, index], dtype=np.uint64)
    rng = np.random.Generator(np.random.Philox(key=key))
    light = light_angle(rng)
    clean = panel(rng, light)
    drawn = clean + list(KINDS.values())[label(index)](rng, light)
    drawn += uniform(rng, 0.004, 0.014) * rng.standard_normal((SIDE, SIDE))
    return np.rint(np.clip(drawn, 0.0, 1.0) * 255.0).astype(np.uint8)


def images(split: Split, count: int | None = None) -> npt.NDArray[np.uint8]:
    """Draw the first count images of a split or all: uint8 [n, SIDE, SIDE]."""
    count = split.images if count is None else count
    return np.stack([image(split, index) for index in range(count)])


def labels(split: Split, count: int | None = None) -> npt.NDArray[np.int64]:
    """Return the classes that go with images(), int64 [n]."""
    count = split.images if count is None else count
    return np.array([label(index) for index in range(count)], dtype=np.int64)


def as_input(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Turn pixels into the model's input: float32 in [0, 1], [n, SIDE, SIDE, 1]."""
    return pixels[..., None].astype(np.float32) / np.float32(255.0)


def sha256(split: Split) -> str:
    """Return the hash of a split's inputs and labels."""
    return content_sha256(as_input(images(split)), labels(split))
