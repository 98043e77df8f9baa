"""Do percentiles keep their promise: published with support, and bounds that hold?

A case is measured in one slice at a random moment of each round; a slice has so many
calls. The truth of a run is the percentile of a call at a uniformly random moment of
the measured window: the drift's own path is part of it, the noise of calls, slices and
workers is averaged over.

The oracle knows each process: around the same estimates, its upper end has the one
distance that holds the truth in exactly 97.5 % of the runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from tierbench.harness.tails import Tail

pytestmark = pytest.mark.simulation

RUNS = 1000
MOMENTS = 16
ROUND_S = 0.5
SEED = 30
WORKERS = 3

Drift = Callable[[np.random.Generator, int], np.ndarray]
"""Return (runs, moments) of the log latency's drift, for a number of moments."""


def still(rng: np.random.Generator, moments: int) -> np.ndarray:
    return np.zeros((RUNS, moments))


def wandering(sd: float, time_s: float) -> Drift:
    """Ornstein-Uhlenbeck: a first-order autoregressive path, correlated over time_s."""

    def path(rng: np.random.Generator, moments: int) -> np.ndarray:
        return sd * autoregressive(rng, moments, RUNS, ROUND_S / MOMENTS / time_s).T

    return path


def ramp(size: float) -> Drift:
    return lambda _, moments: np.tile(size * np.arange(moments) / moments, (RUNS, 1))


def step(size: float, after: float) -> Drift:
    """Jump once, as a throttle, after a share of the window."""
    return lambda _, moments: np.tile(
        size * (np.arange(moments) >= after * moments), (RUNS, 1)
    )


def wave(size: float, period_s: float) -> Drift:
    """Swing, as a fan's control loop."""

    def path(rng: np.random.Generator, moments: int) -> np.ndarray:
        time_s = np.arange(moments) * ROUND_S / MOMENTS
        return size * np.sin(2 * np.pi * (time_s / period_s + rng.random((RUNS, 1))))

    return path


def autoregressive(
    rng: np.random.Generator, steps: int, count: int, rate: float
) -> np.ndarray:
    """Return (steps, count) of unit spread; one step keeps exp(-rate) of the state."""
    keep = math.exp(-rate)
    found = rng.standard_normal((steps, count), dtype=np.float32)
    found[1:] *= math.sqrt(1 - keep**2)
    for before, state in zip(found[:-1], found[1:], strict=True):
        state += keep * before
    return found


@dataclass(frozen=True, kw_only=True)
class Process:
    """Log latencies: normal noise of calls, slices and workers, drift, slow calls.

    ``alike`` is the first-order autocorrelation of calls in a slice. ``spikes`` of all
    calls are slowed by 1.5 to 3 times; in ``bursts`` of the slices 30 % of them are.
    """

    drift: Drift = still
    slices: int = 60
    calls: int = 100
    calls_sd: float = 0.20
    slices_sd: float = 0.04
    workers_sd: float = 0.0
    alike: float = 0.0
    spikes: float = 0.0
    bursts: float = 0.0

    def measure(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return drift (runs, moments) and log latencies (runs, slices, calls)."""
        slices, shape = self.slices, (RUNS, self.slices, self.calls)
        drift = self.drift(rng, slices * MOMENTS)
        moments = rng.integers(0, MOMENTS, (RUNS, slices)) + MOMENTS * np.arange(slices)
        level = np.take_along_axis(drift, moments, axis=1)
        level = level + rng.normal(0, self.slices_sd, (RUNS, slices))
        workers = rng.normal(0, self.workers_sd, (RUNS, WORKERS))
        level = level + workers[:, np.arange(slices) % WORKERS]
        if self.alike:
            logs = autoregressive(
                rng, self.calls, RUNS * slices, -math.log(self.alike)
            ).T.reshape(shape)
        else:
            logs = rng.standard_normal(shape, dtype=np.float32)
        logs = level[:, :, None] + self.calls_sd * logs
        if self.spikes or self.bursts:
            burst = rng.random((RUNS, slices, 1), dtype=np.float32) < self.bursts
            chance = self.spikes + 0.3 * burst
            slow = rng.random(shape, dtype=np.float32) < chance
            logs[slow] += np.log(rng.uniform(1.5, 3, int(slow.sum())))
        return drift, logs

    def truth(self, drift: np.ndarray, q: float) -> np.ndarray:
        """Return each run's true log percentile."""
        grid = np.linspace(-2, 3, 5001)
        spread = math.hypot(self.calls_sd, self.slices_sd, self.workers_sd)
        above = np.array([0.5 * math.erfc(x / spread / 2**0.5) for x in grid])
        slowed = np.mean(
            [
                np.interp(grid - math.log(times), grid, above)
                for times in np.linspace(1.5, 3, 61)
            ],
            axis=0,
        )
        slow = self.spikes + 0.3 * self.bursts
        above = (1 - slow) * above + slow * slowed
        low, high = np.full(RUNS, -1.0), np.full(RUNS, 2.5)
        for _ in range(18):
            middle = (low + high) / 2
            share = np.interp(middle[:, None] - drift, grid, above).mean(axis=1)
            low = np.where(share > 1 - q, middle, low)
            high = np.where(share > 1 - q, high, middle)
        return (low + high) / 2


PROCESSES = {
    "slices apart by 4 %": Process(),
    "slices apart by 10 %": Process(slices_sd=0.10),
    "workers apart by 0.5 %": Process(workers_sd=0.005),
    "workers apart by 1 %": Process(workers_sd=0.01),
    "few calls": Process(calls=25),
    "many slices of few calls": Process(slices=200, calls=20),
    "few slices of many calls": Process(slices=15, calls=400),
    "alike calls, 0.9": Process(calls=200, alike=0.9),
    "spikes on 2 % of calls": Process(spikes=0.02),
    "bursts in 5 % of slices": Process(bursts=0.05),
    "bursts in 10 % of slices": Process(bursts=0.10),
    "wandering 4 %, 1 s": Process(drift=wandering(0.04, 1)),
    "wandering 4 %, 10 s": Process(drift=wandering(0.04, 10)),
    "wandering 8 %, 5 s": Process(drift=wandering(0.08, 5)),
    "ramp of 20 %": Process(drift=ramp(0.2)),
    "step of 20 % after a quarter": Process(drift=step(0.2, 0.25)),
    "step of 20 % halfway": Process(drift=step(0.2, 0.5)),
    "wave of 8 %, 3 s": Process(drift=wave(0.08, 3)),
    "wave of 8 %, 10 s": Process(drift=wave(0.08, 10)),
    "all at once": Process(
        drift=wandering(0.04, 10), workers_sd=0.005, alike=0.5, spikes=0.01
    ),
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """Shares of all runs; ``upper`` and ``both`` of those with an interval."""

    published: float
    upper: float
    both: float
    upper_over_oracle: float
    early_stopping: float

    def __str__(self) -> str:
        return (
            f"{self.published:.1%} published, upper end holds {self.upper:.1%}, "
            f"both ends {self.both:.1%}, {self.upper_over_oracle:.2f} of the oracle, "
            f"early stopping holds {self.early_stopping:.1%}"
        )


def judged(process: Process, q: float) -> Found:
    drift, logs = process.measure(np.random.default_rng(SEED))
    truth = np.exp(process.truth(drift, q))
    workers = list(np.arange(process.slices) % WORKERS)
    ends = np.full((RUNS, 3), np.nan)
    bounds = np.full(RUNS, np.nan)
    for run, slices in enumerate(np.exp(logs)):
        tail = Tail(list(slices), workers)
        found, bound = tail.percentile(q), tail.early_stopping(q)
        if found.interval is not None and found.value is not None:
            ends[run] = found.interval.low, found.value, found.interval.high
        if bound.value is not None:
            bounds[run] = bound.value
    known = ~np.isnan(ends[:, 1])
    low, value, high = ends[known].T
    held = truth[known] <= high
    oracle = np.quantile(truth[known] - value, 0.975) if known.any() else math.nan
    return Found(
        published=float(known.mean()),
        upper=float(np.mean(held)),
        both=float(np.mean(held & (low <= truth[known]))),
        upper_over_oracle=float(np.mean(high - value) / oracle),
        early_stopping=float(np.mean(bounds >= truth)),
    )
