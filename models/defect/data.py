"""The images: painted panels under a lamp, as a monochrome camera sees them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..dataset import Dataset
from ..splits import splits
from .flaws import KINDS
from .panel import light_angle, panel
from .raster import SIDE, Image, uniform

Change = Callable[[Image, float], Image]


def image(
    rng: np.random.Generator, flaw: str, change: Change | None = None
) -> npt.NDArray[np.uint8]:
    """Draw an image, uint8 [SIDE, SIDE].

    ``change(scene, light)`` is what became of the scene before the camera saw it.
    """
    light = light_angle(rng)
    scene = panel(rng, light) + KINDS[flaw](rng, light)
    if change is not None:
        scene = change(scene, light)
    noise = uniform(rng, 0.004, 0.014) * rng.standard_normal((SIDE, SIDE))
    return np.rint(np.clip(scene + noise, 0.0, 1.0) * 255.0).astype(np.uint8)


def as_input(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Turn pixels into the model's input: float32 in [0, 1], [n, SIDE, SIDE, 1]."""
    return pixels[..., None].astype(np.float32) / np.float32(255.0)


DATA = Dataset(
    classes=tuple(KINDS), splits=splits(0x7061696E74), make=image, as_input=as_input
)
