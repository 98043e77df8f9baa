"""Do intervals of throughput, of ratios and of accuracy hold, and how wide are they?

Throughput and ratios are measured in 80 rounds, one slice at a random moment of each.
The drift's own path belongs to the truth of a throughput; in a ratio it cancels. The
oracle knows each process: its interval has the one half width that holds the truth in
exactly as many runs as ours promises.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.drifts import (
    MOMENTS,
    Drift,
    ramp,
    slice_moments,
    step,
    still,
    wandering,
    wave,
)

from tierbench.harness.pairing import CONFIDENCE, compare_paired
from tierbench.harness.statistics import throughput_estimate, wilson

pytestmark = pytest.mark.simulation

RUNS = 2000
SLICES = 80
SEED = 40
SLICES_SD = 0.04

DRIFTS: dict[str, tuple[Drift, float]] = {
    # drift, spread of workers
    "no drift": (still, 0.0),
    "workers apart by 0.5 %": (still, 0.005),
    "wandering 4 %, 1 s": (wandering(0.04, 1), 0.0),
    "wandering 4 %, 10 s": (wandering(0.04, 10), 0.0),
    "wandering 8 %, 5 s": (wandering(0.08, 5), 0.0),
    "ramp of 20 %": (ramp(0.2), 0.0),
    "step of 20 % after a quarter": (step(0.2, 0.25), 0.0),
    "wave of 8 %, 10 s": (wave(0.08, 10), 0.0),
    "wandering and workers": (wandering(0.04, 10), 0.005),
}


def noise(rng: np.random.Generator, workers_sd: float) -> np.ndarray:
    """Return (runs, slices): what slices and their workers add to the logarithm."""
    workers = rng.normal(0, workers_sd, (RUNS, 3))[:, np.arange(SLICES) % 3]
    return rng.normal(0, SLICES_SD, (RUNS, SLICES)) + workers


def median_over_window(drift: np.ndarray, spread: float) -> np.ndarray:
    """Return each run's median of drift plus normal noise at a random moment."""
    grid = np.linspace(-0.5, 0.5, 2001)
    below = np.array([0.5 * math.erfc(-x / spread / 2**0.5) for x in grid])
    low, high = np.full(RUNS, -0.5), np.full(RUNS, 0.7)
    for _ in range(18):
        middle = (low + high) / 2
        share = np.interp(middle[:, None] - drift, grid, below).mean(axis=1)
        low = np.where(share < 0.5, middle, low)
        high = np.where(share < 0.5, high, middle)
    return (low + high) / 2


def judge(ends: np.ndarray, truth: np.ndarray, share: float) -> tuple[float, float]:
    """Return how many intervals hold, and their mean width over the oracle's."""
    low, value, high = ends.T
    oracle = np.quantile(np.abs(value - truth), share)
    held = (low <= truth) & (truth <= high)
    return float(held.mean()), float(np.mean(high - low) / 2 / oracle)


@pytest.mark.parametrize("name", DRIFTS)
def test_throughput(name: str) -> None:
    """A slice's rate is its calls over the sum of their latencies."""
    drift, workers_sd = DRIFTS[name]
    rng = np.random.default_rng(SEED)
    path = drift(rng, RUNS, SLICES * MOMENTS)
    logs = np.take_along_axis(path, slice_moments(rng, RUNS, SLICES), axis=1)
    logs = logs + noise(rng, workers_sd)
    # 50 calls of about 1 ms, apart by 20 %: their mean is the slice's own noise too.
    calls = np.exp(rng.normal(0, 0.2, (RUNS, SLICES, 50))).mean(axis=2)
    elapsed_s = 0.05 * np.exp(logs) * calls
    usual = math.log(float(np.median(calls)))
    spread = math.hypot(SLICES_SD, workers_sd, float(np.std(np.log(calls))))
    truth = 1000 / np.exp(median_over_window(path, spread) + usual)
    ends = np.empty((RUNS, 3))
    for run, taken in enumerate(elapsed_s):
        found = throughput_estimate(np.full(SLICES, 50), taken)
        assert found.interval is not None
        ends[run] = found.interval.low, found.value, found.interval.high
    covered, width = judge(ends, truth, 0.95)
    print(f"{name}: throughput {covered:.1%}, {width:.2f} of the oracle")

    assert covered >= 0.94
    assert width <= 1.3


@pytest.mark.parametrize("name", DRIFTS)
def test_ratio(name: str) -> None:
    """The candidate is 5 % slower; the interval promises 99.5 %."""
    drift, workers_sd = DRIFTS[name]
    rng = np.random.default_rng(SEED)
    path = drift(rng, RUNS, SLICES * MOMENTS)
    sides = []
    for factor in (1.0, 1.05):
        logs = np.take_along_axis(path, slice_moments(rng, RUNS, SLICES), axis=1)
        sides.append(factor * np.exp(logs + noise(rng, workers_sd)))
    ends = np.empty((RUNS, 3))
    for run, (before, after) in enumerate(zip(*sides, strict=True)):
        found = compare_paired(before, after)
        assert found.interval is not None
        ends[run] = found.interval.low, found.ratio, found.interval.high
    covered, width = judge(ends, np.full(RUNS, 1.05), CONFIDENCE)
    print(f"{name}: ratio {covered:.2%}, {width:.2f} of the oracle")

    # Three workers of each side cannot show how much workers differ.
    assert covered >= (0.98 if workers_sd else 0.99)
    assert width <= 1.3


def chances(n: int, share: float) -> np.ndarray:
    """Return the chance of each number of successes, 0 to n."""
    k = np.arange(n + 1)
    logs = np.array([math.lgamma(i + 1) for i in range(n + 1)])
    return np.exp(
        logs[n] - logs - logs[::-1] + k * math.log(share) + (n - k) * math.log1p(-share)
    )


@pytest.mark.parametrize("n", [100, 400, 1000])
def test_accuracy(n: int) -> None:
    """The coverage of Wilson's interval, exactly: a sum over all outcomes."""
    intervals = [wilson(k, n) for k in range(n + 1)]
    low = np.array([found.low for found in intervals])
    high = np.array([found.high for found in intervals])
    covered, widths = [], []
    for share in np.linspace(0.5, 0.99, 200):
        weights = chances(n, float(share))
        covered.append(float(weights[(low <= share) & (share <= high)].sum()))
        error = np.abs(np.arange(n + 1) / n - share)
        order = np.argsort(error)
        enough = np.searchsorted(np.cumsum(weights[order]), 0.95)
        widths.append(float(weights @ (high - low)) / 2 / error[order][enough])
    print(
        f"n = {n}: mean {np.mean(covered):.1%}, least {min(covered):.1%}, "
        f"{np.mean(np.array(covered) >= 0.94):.1%} of shares at 94 % or more, "
        f"{np.mean(widths):.2f} of the oracle"
    )

    assert np.mean(covered) >= 0.949
    assert np.mean(np.array(covered) >= 0.94) >= 0.95
    assert min(covered) >= 0.91
    assert np.mean(widths) <= 1.1
