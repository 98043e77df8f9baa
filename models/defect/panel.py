"""Draw a flawless painted panel as a monochrome line camera would see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .raster import SIDE, X, Y, blur, disc, uniform

if TYPE_CHECKING:
    import numpy.typing as npt

    from .raster import Image

    Spectrum = npt.NDArray[np.complex128]

FINISHES = ("solid", "metallic", "brushed", "matt")
_FREQUENCY_Y = np.fft.fftfreq(SIDE)[:, None]
_FREQUENCY_X = np.fft.rfftfreq(SIDE)[None, :]
_FREQUENCY = np.hypot(_FREQUENCY_Y, _FREQUENCY_X)


def light_angle(rng: np.random.Generator) -> float:
    """Draw where the lamp stands: radians from straight above, left or right."""
    return uniform(rng, -0.9, 0.9)


def panel(rng: np.random.Generator, light: float) -> Image:
    """Return paint under uneven light, about 0.1 to 0.9, shaped [SIDE, SIDE].

    Every finish carries some orange peel, the waviness that sprayed paint dries
    to; metallic, brushed and matt finishes add their own grain.
    """
    finish = FINISHES[int(rng.integers(len(FINISHES)))]
    waves = uniform(rng, 0.004, 0.016) * _orange_peel(rng, light)
    if finish == "brushed":
        waves += uniform(rng, 0.008, 0.022) * _brushing(rng)
    elif finish == "matt":
        waves += uniform(rng, 0.006, 0.014) * _GRAIN
    image = uniform(rng, 0.3, 0.65) + _lighting(rng, light) + _field(rng, waves)
    if finish == "metallic":
        image += _flakes(rng)
    return np.asarray(image + _dust(rng))


def _lighting(rng: np.random.Generator, light: float) -> Image:
    """Return a slope towards the lamp and one soft highlight."""
    towards = np.sin(light) * (X / SIDE - 0.5) - np.cos(light) * (Y / SIDE - 0.5)
    shine = disc(
        uniform(rng, 0, SIDE),
        uniform(rng, -SIDE / 4, SIDE / 2),
        uniform(rng, SIDE / 4, SIDE / 1.5),
    )
    slope = uniform(rng, 0.03, 0.2) * towards
    return np.asarray(slope + uniform(rng, 0.0, 0.15) * shine)


def _orange_peel(rng: np.random.Generator, light: float) -> Spectrum:
    """Return the spectrum of waves of one wavelength, lit from the lamp."""
    centre = 1.0 / uniform(rng, 6.0, 14.0)
    band = np.exp(-(((_FREQUENCY - centre) / (0.4 * centre)) ** 2))
    slope = np.sin(light) * _FREQUENCY_X - np.cos(light) * _FREQUENCY_Y
    return _unit(1j * slope * band)


def _brushing(rng: np.random.Generator) -> Spectrum:
    """Return the spectrum of long streaks that run nearly level."""
    tilt = uniform(rng, -0.2, 0.2)
    along = np.cos(tilt) * _FREQUENCY_X + np.sin(tilt) * _FREQUENCY_Y
    return _unit(np.exp(-((along / 0.012) ** 2)))


def _flakes(rng: np.random.Generator) -> Image:
    """Return bright specks of aluminium, each about one pixel wide."""
    share = uniform(rng, 0.01, 0.05)
    bright = np.maximum(rng.random((SIDE, SIDE)) - (1.0 - share), 0.0) / share
    return uniform(rng, 0.08, 0.2) * blur(bright, 0.55)


def _dust(rng: np.random.Generator) -> Image:
    """Return up to three dark specks, which are no flaw in any class."""
    specks = np.zeros((SIDE, SIDE))
    for _ in range(int(rng.integers(4))):
        x, y = uniform(rng, 0, SIDE), uniform(rng, 0, SIDE)
        specks -= uniform(rng, 0.03, 0.12) * disc(x, y, uniform(rng, 0.5, 1.1))
    return specks


def _field(rng: np.random.Generator, response: Spectrum) -> Image:
    """Return random waves with the spectrum given."""
    parts = rng.standard_normal((2, *response.shape)) * np.sqrt(0.5)
    return np.fft.irfft2(response * (parts[0] + 1j * parts[1]), s=(SIDE, SIDE))


def _unit(response: Spectrum | Image) -> Spectrum:
    """Scale a spectrum so that waves drawn from it have unit variance."""
    # Every column but the first and the last stands for its mirror image as well.
    power = 2.0 * np.abs(response) ** 2
    total = power.sum() - power[:, [0, -1]].sum() / 2.0
    return np.asarray(response * (SIDE * SIDE / np.sqrt(total)), dtype=np.complex128)


_GRAIN = _unit(np.exp(-((_FREQUENCY / 0.25) ** 2)))
