"""Paths that a machine's speed may take: the logarithm of a factor, over moments.

A round lasts ``ROUND_S`` and has ``MOMENTS`` moments; one slice of a case begins at a
random one of them.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

MOMENTS = 16
ROUND_S = 0.5

Drift = Callable[[np.random.Generator, int, int], np.ndarray]
"""Return (runs, moments) for a number of runs and of moments."""


def still(rng: np.random.Generator, runs: int, moments: int) -> np.ndarray:
    """Stay as it is."""
    return np.zeros((runs, moments))


def wandering(sd: float, time_s: float) -> Drift:
    """Ornstein-Uhlenbeck: a first-order autoregressive path, correlated over time_s."""

    def path(rng: np.random.Generator, runs: int, moments: int) -> np.ndarray:
        return sd * autoregressive(rng, moments, runs, ROUND_S / MOMENTS / time_s).T

    return path


def ramp(size: float) -> Drift:
    """Rise steadily over the window, as a device that heats up."""
    return lambda _, runs, moments: np.tile(
        size * np.arange(moments) / moments, (runs, 1)
    )


def step(size: float, after: float) -> Drift:
    """Jump once, as a throttle, after a share of the window."""
    return lambda _, runs, moments: np.tile(
        size * (np.arange(moments) >= after * moments), (runs, 1)
    )


def wave(size: float, period_s: float) -> Drift:
    """Swing, as a fan's control loop."""

    def path(rng: np.random.Generator, runs: int, moments: int) -> np.ndarray:
        time_s = np.arange(moments) * ROUND_S / MOMENTS
        return size * np.sin(2 * np.pi * (time_s / period_s + rng.random((runs, 1))))

    return path


def autoregressive(
    rng: np.random.Generator, steps: int, count: int, rate: float
) -> np.ndarray:
    """Return (steps, count) of unit spread; one step keeps exp(-rate) of the state."""
    keep = math.exp(-rate)
    found = rng.standard_normal((steps, count), dtype=np.float32)
    found[1:] *= math.sqrt(1 - keep**2)
    for before, state in pairwise(found):
        state += keep * before
    return found


def slice_moments(rng: np.random.Generator, runs: int, slices: int) -> np.ndarray:
    """Return (runs, slices): the moment at which each round's slice begins."""
    rounds = MOMENTS * np.arange(slices)
    return rng.integers(0, MOMENTS, (runs, slices)) + rounds
