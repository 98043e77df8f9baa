"""What may change on a paint line after the model was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..shift import Shift, Shifts
from .data import DATA, image
from .raster import SIDE, X, Y, blur, shade, uniform

if TYPE_CHECKING:
    from .raster import Image

Rng = np.random.Generator
_INSIDE = np.ones((SIDE, SIDE))


def lighting(rng: Rng, flaw: str, own: Rng, severity: int) -> npt.NDArray[np.uint8]:
    """Draw an image under an ageing lamp: dimmer, and brighter on one side.

    The flaw loses contrast with the light, while the camera's noise stays.
    """
    side = uniform(own, 0.0, 2.0 * np.pi)
    slope = np.cos(side) * (X / SIDE - 0.5) + np.sin(side) * (Y / SIDE - 0.5)
    lamp = (1.0 - 0.13 * severity) * (1.0 + 0.12 * severity * slope)
    return image(rng, flaw, lambda scene, light: scene * lamp)


def texture(rng: Rng, flaw: str, own: Rng, severity: int) -> npt.NDArray[np.uint8]:
    """Draw an image of a finish that no training panel had: hammertone.

    Round dimples lie side by side, each lit from the lamp as any relief is.
    """
    dimples = _dimples(own)
    return image(
        rng,
        flaw,
        lambda scene, light: scene + 0.012 * severity * shade(dimples, light),
    )


def out_of_focus(rng: Rng, flaw: str, own: Rng, severity: int) -> npt.NDArray[np.uint8]:
    """Draw an image through a lens that has lost its focus, Gaussian in pixels."""
    sigma = 0.3 * severity
    # what lies beyond the border is taken to be like what lies within it
    share = blur(_INSIDE, sigma)
    return image(rng, flaw, lambda scene, light: blur(scene, sigma) / share)


def sensor_noise(rng: Rng, flaw: str, own: Rng, severity: int) -> npt.NDArray[np.uint8]:
    """Draw an image by a warmer sensor: more noise that is the same everywhere."""
    noise = 0.006 * severity * own.standard_normal((SIDE, SIDE))
    return image(rng, flaw, lambda scene, light: scene + noise)


def _dimples(own: Rng) -> Image:
    """Return a height in pixels: the distance to the nearest of jittered points."""
    pitch = uniform(own, 7.0, 10.0)
    count = int(SIDE / pitch) + 3
    grid = np.stack(np.meshgrid(np.arange(count), np.arange(count)), -1).reshape(-1, 2)
    centres = pitch * (grid - 1.0 + 0.7 * (own.random(grid.shape) - 0.5))
    nearest = np.full((SIDE, SIDE), np.inf)
    for x, y in centres:
        nearest = np.minimum(nearest, (X - x) ** 2 + (Y - y) ** 2)
    return np.asarray(np.sqrt(nearest))


SHIFTS = Shifts(
    data=DATA,
    shifts=(
        Shift(
            name="lighting",
            summary="the lamp dims by 13 % a step and lights one side more",
            make=lighting,
        ),
        Shift(
            name="texture",
            summary="hammertone paint, a finish that training never saw",
            make=texture,
        ),
        Shift(
            name="blur",
            summary="the lens loses its focus, by 0.3 pixels a step",
            make=out_of_focus,
        ),
        Shift(
            name="noise",
            summary="the sensor's noise grows, by 0.6 % of full scale a step",
            make=sensor_noise,
        ),
    ),
)
