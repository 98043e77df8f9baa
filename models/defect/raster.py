"""Put curves, discs and slopes on the pixel grid, in double precision.

Everything is computed in float64 and rounded to a camera's 256 levels at the very
end, so that the last bit in which two machines may differ does not show.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float64]
Points = npt.NDArray[np.float64]

SIDE = 64
"""Height and width of every image in pixels."""

_AXIS = np.arange(SIDE, dtype=np.float64)
X = _AXIS[None, :]
Y = _AXIS[:, None]
_GAP = np.abs(np.arange(SIDE)[:, None] - np.arange(SIDE))
_STEP = 0.25
"""Distance in pixels between two samples on a curve."""


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw one number in [low, high)."""
    return low + (high - low) * float(rng.random())


def disc(x: float, y: float, sigma: float) -> Image:
    """Return a round Gaussian spot with peak 1."""
    across = np.exp(-(((X - x) / sigma) ** 2) / 2)
    return np.asarray(np.exp(-(((Y - y) / sigma) ** 2) / 2) * across)


def blur(image: Image, sigma: float) -> Image:
    """Blur by a Gaussian of sigma pixels; what crosses the border is lost."""
    profile = np.exp(-((_AXIS / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
    kernel = profile[_GAP]
    return np.asarray(kernel @ image @ kernel)


def stroke(points: Points, sigma: float, fade: float = 0.0) -> Image:
    """Draw a polyline, shaped [n, 2] as x and y, as a hairline with peak about 1.

    sigma is the half width of its Gaussian profile in pixels; fade is the share of
    the line's length over which each end tapers off.
    """
    path = _resample(points)
    weight = np.full(len(path), _STEP)
    if fade > 0.0:
        position = np.linspace(0.0, 1.0, len(path))
        weight *= np.clip(np.minimum(position, 1.0 - position) / fade, 0.0, 1.0)
    peak = sigma * np.sqrt(2 * np.pi)
    return np.asarray(peak * blur(_splat(path, weight), sigma))


def shade(height: Image, light: float) -> Image:
    """Return how a relief brightens where it faces the lamp, darkens behind."""
    slope_y, slope_x = np.gradient(height)
    return np.asarray(slope_y * np.cos(light) - slope_x * np.sin(light))


def _resample(points: Points) -> Points:
    """Return samples _STEP pixels apart along the polyline."""
    length = np.hypot(*np.diff(points, axis=0).T)
    at = np.concatenate(([0.0], np.cumsum(length)))
    samples = np.arange(0.0, at[-1], _STEP)
    x = np.interp(samples, at, points[:, 0])
    return np.stack([x, np.interp(samples, at, points[:, 1])], axis=1)


def _splat(path: Points, weight: npt.NDArray[np.float64]) -> Image:
    """Share each sample's weight among its four nearest pixels."""
    # One pixel of margin on each side takes what falls outside.
    path = np.clip(path + 1.0, 0.0, SIDE + 0.999)
    corner = np.floor(path).astype(np.int64)
    x, y = (path - corner).T
    width = SIDE + 2
    first = corner[:, 1] * width + corner[:, 0]
    cells = np.concatenate([first, first + 1, first + width, first + width + 1])
    shares = np.concatenate([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y])
    total = np.bincount(
        cells, weights=shares * np.tile(weight, 4), minlength=width * width
    )
    return np.asarray(total.reshape(width, width)[1:-1, 1:-1])
