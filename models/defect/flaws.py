"""Draw each kind of paint flaw as a brightness change to be added to a panel.

Four of the kinds are hairlines, told apart by form alone: a scratch is long and
nearly straight, a crack is jagged and branches, crazing is a net, a fibre curls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .raster import SIDE, X, Y, shade, stroke, uniform

if TYPE_CHECKING:
    from .raster import Image, Points

Draw = Callable[[np.random.Generator, float], "Image"]


def none(rng: np.random.Generator, light: float) -> Image:
    """Return no change at all."""
    return np.zeros((SIDE, SIDE))


def scratch(rng: np.random.Generator, light: float) -> Image:
    """Return one long, nearly straight hairline, bright or dark, fading out."""
    length, bend = uniform(rng, 18, 50), uniform(rng, -0.35, 0.35)
    path = _curve(rng, length, lambda s: bend * s)
    sign = 1.0 if rng.random() < 0.5 else -1.0
    return sign * _contrast(rng) * stroke(path, _hairline(rng), fade=0.25)


def crack(rng: np.random.Generator, light: float) -> Image:
    """Return a dark, jagged hairline with one to three branches."""
    heading = uniform(rng, 0, 2 * np.pi)
    trunk = _jagged(rng, _somewhere(rng), heading, steps=int(rng.integers(7, 13)))
    width = _hairline(rng)
    lines = stroke(trunk, width)
    for _ in range(int(rng.integers(1, 4))):
        fork = trunk[int(rng.integers(1, len(trunk) - 1))]
        side = 1.0 if rng.random() < 0.5 else -1.0
        turn = heading + side * uniform(rng, 0.5, 1.1)
        branch = _jagged(rng, fork, turn, steps=int(rng.integers(3, 6)))
        lines = np.maximum(lines, stroke(branch, 0.9 * width, fade=0.2))
    return -_contrast(rng) * np.minimum(lines, 1.0)


def crazing(rng: np.random.Generator, light: float) -> Image:
    """Return a patch of net-like hairlines: the borders between random cells."""
    seeds = uniform(rng, 6.0, 11.0) * (
        np.stack(np.meshgrid(np.arange(7), np.arange(7)), -1).reshape(-1, 2)
        - 3.0
        + 0.8 * (rng.random((49, 2)) - 0.5)
    )
    patch = _somewhere(rng)
    seeds += patch
    first = np.full((SIDE, SIDE), np.inf)
    second = first
    for x, y in seeds:
        distance = np.sqrt((X - x) ** 2 + (Y - y) ** 2)
        second = np.minimum(second, np.maximum(first, distance))
        first = np.minimum(first, distance)
    border = (second - first) / (2.0 * _hairline(rng))
    reach = np.hypot(X - patch[0], Y - patch[1]) / uniform(rng, 10.0, 22.0)
    faded = np.exp(-(border**2)) / (1.0 + np.exp(8.0 * (reach - 1.0)))
    return np.asarray(-0.8 * _contrast(rng) * faded)


def fibre(rng: np.random.Generator, light: float) -> Image:
    """Return a short hair or lint fibre under the paint: dark, smoothly curled."""
    first, second = uniform(rng, 0.6, 2.6), uniform(rng, -2.5, 2.5)
    sign = 1.0 if rng.random() < 0.5 else -1.0
    path = _curve(
        rng, uniform(rng, 12, 34), lambda s: sign * (first * s + second * s * s)
    )
    return -_contrast(rng) * stroke(path, _hairline(rng), fade=0.1)


def blister(rng: np.random.Generator, light: float) -> Image:
    """Return one to four round domes, bright towards the lamp, dark behind."""
    height = np.zeros((SIDE, SIDE))
    for _ in range(int(rng.integers(1, 5))):
        x, y = _somewhere(rng)
        radius = uniform(rng, 2.0, 5.0)
        inside = 1.0 - ((X - x) ** 2 + (Y - y) ** 2) / radius**2
        height = np.maximum(height, radius * np.maximum(inside, 0.0))
    return 0.6 * _contrast(rng) * shade(height, light)


def chip(rng: np.random.Generator, light: float) -> Image:
    """Return a ragged spot of bare primer with a lit edge on its far side."""
    x, y = _somewhere(rng)
    angle, distance = np.arctan2(Y - y, X - x), np.hypot(X - x, Y - y)
    outline = np.ones((SIDE, SIDE))
    for wave in range(2, 7):
        phase = uniform(rng, 0, 2 * np.pi)
        outline += uniform(rng, 0.0, 0.45) / wave * np.cos(wave * angle + phase)
    bare = 1.0 / (1.0 + np.exp(2.5 * (distance - uniform(rng, 2.0, 5.5) * outline)))
    sign = 1.0 if rng.random() < 0.4 else -1.0
    depth = 1.1 * _contrast(rng)
    return np.asarray(depth * (sign * 0.6 * bare - 0.8 * shade(bare, light)))


def run(rng: np.random.Generator, light: float) -> Image:
    """Return a sag: paint that ran down in a ridge and set in a drop."""
    x, top = uniform(rng, 8, SIDE - 8), uniform(rng, -20, 20)
    bottom = top + uniform(rng, 24, 42)
    width = uniform(rng, 1.8, 4.0)
    sway = x + uniform(rng, 0, 1.5) * np.sin(Y / uniform(rng, 6, 12))
    began = 1.0 / (1.0 + np.exp(-(Y - top) / 4.0))
    ended = 1.0 / (1.0 + np.exp((Y - bottom) / 1.0))
    ridge = np.exp(-(((X - sway) / width) ** 2)) * began * ended
    drop = np.exp(-((X - x) ** 2 + ((Y - bottom) / 1.3) ** 2) / (1.2 * width) ** 2)
    height = width * np.maximum(ridge, 1.2 * drop)
    return 1.1 * _contrast(rng) * shade(height, light)


KINDS: dict[str, Draw] = {
    "none": none,
    "scratch": scratch,
    "crack": crack,
    "crazing": crazing,
    "fibre": fibre,
    "blister": blister,
    "chip": chip,
    "run": run,
}
"""Every class in the order of its label."""


def _contrast(rng: np.random.Generator) -> float:
    """Draw a depth in units of full scale; low ones are far likelier than high."""
    return 0.075 + 0.225 * float(rng.random()) ** 2


def _hairline(rng: np.random.Generator) -> float:
    return uniform(rng, 0.45, 0.75)


def _somewhere(rng: np.random.Generator) -> Points:
    """Draw a point (x, y) not too near the border."""
    return 12.0 + (SIDE - 24.0) * rng.random(2)


def _curve(
    rng: np.random.Generator, length: float, turn: Callable[[Points], Points]
) -> Points:
    """Return a smooth curve whose heading is turn(s), s from -1/2 to 1/2.

    Its middle lies somewhere in the picture, its heading there is any.
    """
    s = np.linspace(-0.5, 0.5, 33)
    heading = uniform(rng, 0, 2 * np.pi) + turn(s)
    step = length / len(s)
    path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1) * step, axis=0)
    return np.asarray(path - path[len(s) // 2] + _somewhere(rng))


def _jagged(
    rng: np.random.Generator, start: Points, heading: float, steps: int
) -> Points:
    """Return a random walk that keeps its heading but kinks at every step."""
    turns = heading + 1.4 * (rng.random(steps) - 0.5)
    length = 2.0 + 2.5 * rng.random(steps)
    legs = np.stack([np.cos(turns), np.sin(turns)], 1) * length[:, None]
    return np.concatenate([start[None], start + np.cumsum(legs, axis=0)])
