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
from dataclasses import dataclass, replace

import numpy as np
import pytest
from support.drifts import (
    MOMENTS,
    Drift,
    autoregressive,
    ramp,
    slice_moments,
    step,
    still,
    wandering,
    wave,
)

from tierbench.harness.excess import Excess
from tierbench.harness.tails import P90_SUPPORT, P99_SUPPORT, Tail

pytestmark = pytest.mark.simulation

RUNS = 1000
SEED = 30
WORKERS = 3
SUPPORT = {0.9: P90_SUPPORT, 0.99: P99_SUPPORT}


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
        drift = self.drift(rng, RUNS, slices * MOMENTS)
        moments = slice_moments(rng, RUNS, slices)
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
    "eleven slices far apart": Process(slices=11, calls=400, slices_sd=0.10),
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
    """Shares of runs; ``upper`` and ``both`` of those that published an interval."""

    published: float
    early_stopping: float
    upper: float = 1.0
    both: float = 1.0
    upper_over_oracle: float = math.nan

    @property
    def wrong(self) -> float:
        """Return the share of all runs whose published upper end is too low."""
        return self.published * (1 - self.upper)

    def __str__(self) -> str:
        return (
            f"{self.published:.1%} published, upper end holds {self.upper:.1%}, "
            f"both ends {self.both:.1%}, {self.upper_over_oracle:.2f} of the oracle, "
            f"early stopping holds {self.early_stopping:.1%}"
        )


def tail_of(slices: np.ndarray) -> Tail:
    return Tail(list(slices), list(np.arange(len(slices)) % WORKERS))


def judged(process: Process, q: float) -> Found:
    drift, logs = process.measure(np.random.default_rng(SEED))
    truth = np.exp(process.truth(drift, q))
    ends = np.full((RUNS, 3), np.nan)
    bounds = np.full(RUNS, np.nan)
    for run, slices in enumerate(np.exp(logs)):
        tail = tail_of(slices)
        found, bound = tail.percentile(q, SUPPORT[q]), tail.early_stopping(q)
        if found.interval is not None and found.value is not None:
            ends[run] = found.interval.low, found.value, found.interval.high
        if bound.value is not None:
            bounds[run] = bound.value
    known = ~np.isnan(ends[:, 1])
    low, value, high = ends[known].T
    held = truth[known] <= high
    found = Found(
        published=float(known.mean()), early_stopping=float(np.mean(bounds >= truth))
    )
    if not known.any():
        return found
    oracle = np.quantile(truth[known] - value, 0.975)
    return replace(
        found,
        upper=float(np.mean(held)),
        both=float(np.mean(held & (low <= truth[known]))),
        upper_over_oracle=float(np.mean(high - value) / oracle),
    )


SELDOM_SUPPORTED = {
    ("eleven slices far apart", 0.99),
    # Three or six slices hold all slow calls: those runs that saw hardly any of them
    # take p99 for that of the usual calls.
    ("bursts in 5 % of slices", 0.99),
    ("bursts in 10 % of slices", 0.99),
    # Half of the window has all samples above it.
    ("ramp of 20 %", 0.99),
    ("step of 20 % halfway", 0.99),
}
WIDE = {
    # p99 lies where the spikes begin: the density above it is small.
    ("all at once", 0.99): 2.6,
    # Six slices hold half of the calls above p90; they may as well be ten.
    ("bursts in 10 % of slices", 0.9): 2.5,
}


@pytest.mark.parametrize("q", [0.9, 0.99])
@pytest.mark.parametrize("name", PROCESSES)
def test_the_upper_end_of_a_percentile_holds(name: str, q: float) -> None:
    found = judged(PROCESSES[name], q)
    print(f"{name}, p{100 * q:g}: {found}")

    assert found.wrong <= 0.07
    if (name, q) in SELDOM_SUPPORTED:
        assert found.published < 0.5
    else:
        assert found.published > 0.5
        assert found.upper >= 0.95
        assert found.upper_over_oracle <= WIDE.get((name, q), 1.9)


def test_workers_that_differ_as_much_as_slices_break_the_promise() -> None:
    found = judged(Process(workers_sd=0.05), 0.9)

    assert found.upper < 0.93


@pytest.mark.parametrize(
    ("q", "calls"), [(0.9, 64), (0.9, 700), (0.99, 662), (0.99, 2010), (0.999, 6636)]
)
def test_early_stopping_bounds_the_percentile_of_independent_calls(q, calls) -> None:
    process = Process(slices=1, calls=calls, slices_sd=0.0)
    found = judged_early(process, q)

    assert found >= 0.99


def judged_early(process: Process, q: float) -> float:
    drift, logs = process.measure(np.random.default_rng(SEED))
    truth = process.truth(drift, q)
    bounds = [tail_of(slices).early_stopping(q).value for slices in logs]
    return float(np.mean(np.array(bounds) >= truth))


def test_early_stopping_takes_alike_calls_for_independent() -> None:
    """The rule is MLPerf's, and so is its assumption."""
    process = Process(slices=20, alike=0.95, slices_sd=0.0)

    assert judged_early(process, 0.99) < 0.9


ALIKE = {
    "calls within slices": Process(slices_sd=0.0, alike=0.95),
    "slices over 1 s": Process(calls=50, slices_sd=0.0, drift=wandering(0.20, 1)),
}
"""Autocorrelated samples whose long-run p99 is sought."""


@pytest.mark.parametrize(
    ("name", "slices", "supported"),
    [
        ("calls within slices", 20, False),
        ("calls within slices", 50, False),
        ("calls within slices", 200, True),
        ("slices over 1 s", 40, False),
        ("slices over 1 s", 60, False),
        ("slices over 1 s", 960, True),
    ],
)
def test_p99_of_alike_samples_waits_for_the_effective_size(
    name: str, slices: int, supported: bool
) -> None:
    process = replace(ALIKE[name], slices=slices)
    _, logs = process.measure(np.random.default_rng(SEED))
    n = slices * process.calls
    above = (logs > np.quantile(logs, 0.99)).sum(axis=2)
    size = 0.01 * 0.99 / float(np.var(above.sum(axis=1) / n))
    sizes, workers = np.full(slices, process.calls), np.arange(slices) % WORKERS
    found = [Excess(a, sizes, workers) for a in above]
    effects = [excess.design_effect(excess.correlation_time) for excess in found]
    told = n / float(np.mean(effects))
    published = np.mean([tail_of(x).percentile(0.99).value is not None for x in logs])
    print(
        f"{name}: {n} calls are worth {size:.0f}, estimated as {told:.0f}, "
        f"{published:.1%} published"
    )
    assert n >= 2000, "by their number, all have enough"
    assert size > 1500 if supported else size < 500
    # In few slices that are alike, the rare long excursions are mostly not seen.
    assert 0.8 < told / size < (1.2 if supported else 2.0)
    assert published > 0.95 if supported else published < 0.07
