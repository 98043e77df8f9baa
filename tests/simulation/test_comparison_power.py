"""Does a gate stay silent without a change, and find one of 5 %?

Both cases are measured once in each of 80 rounds, at random moments: 4 s of slices
each, as the nightly profile asks. Drift is common to both; noise is each slice's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tierbench.harness.pairing import Verdict, compare_paired

pytestmark = pytest.mark.simulation

RUNS = 4000
ROUNDS = 80
MOMENTS = 16
ROUND_S = 0.5


def wandering(rng: np.random.Generator, sd: float, time_s: float) -> np.ndarray:
    keep = math.exp(-ROUND_S / MOMENTS / time_s)
    kicks = rng.normal(0, sd * math.sqrt(1 - keep**2), (ROUNDS * MOMENTS, RUNS))
    state = rng.normal(0, sd, RUNS)
    for kick in kicks:
        state = keep * state + kick
        kick[:] = state
    return kicks.T


def waving(rng: np.random.Generator) -> np.ndarray:
    time_s = np.arange(ROUNDS * MOMENTS) * ROUND_S / MOMENTS
    return 0.08 * np.sin(2 * np.pi * (time_s / 10 + rng.random((RUNS, 1))))


def stepping(rng: np.random.Generator) -> np.ndarray:
    at = rng.integers(0, ROUNDS * MOMENTS, (RUNS, 1))
    return 0.2 * (np.arange(ROUNDS * MOMENTS) >= at)


Drift = Callable[[np.random.Generator], np.ndarray]

PROCESSES: dict[str, tuple[Drift, float, float]] = {
    # drift, share of slices with spikes, spread of workers
    "no drift": (lambda rng: np.zeros((RUNS, ROUNDS * MOMENTS)), 0.0, 0.0),
    "wandering 4 %, 10 s": (lambda rng: wandering(rng, 0.04, 10), 0.0, 0.0),
    "wandering 8 %, 5 s": (lambda rng: wandering(rng, 0.08, 5), 0.0, 0.0),
    "wave of 8 %, 10 s": (waving, 0.0, 0.0),
    "step of 20 %": (stepping, 0.0, 0.0),
    "workers differ by 0.5 %": (lambda rng: wandering(rng, 0.04, 10), 0.0, 0.005),
    "wandering 4 %, 1 s": (lambda rng: wandering(rng, 0.04, 1), 0.0, 0.0),
    "spikes on 10 %": (lambda rng: wandering(rng, 0.04, 10), 0.10, 0.0),
}


def pairs(name: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return slice medians (runs, rounds) of two equal cases."""
    drift, spikes, workers = PROCESSES[name]
    rng = np.random.default_rng(seed)
    path = drift(rng)
    sides = []
    for _ in range(2):
        moment = rng.integers(0, MOMENTS, (RUNS, ROUNDS)) + MOMENTS * np.arange(ROUNDS)
        logs = np.take_along_axis(path, moment, axis=1)
        logs = logs + rng.normal(0, 0.04, (RUNS, ROUNDS))
        hit = rng.random((RUNS, ROUNDS)) < spikes
        logs += np.where(hit, np.log(rng.uniform(1.5, 3, (RUNS, ROUNDS))), 0)
        offsets = rng.normal(0, 1, (RUNS, 3)) * workers
        sides.append(np.exp(logs + offsets[:, np.arange(ROUNDS) % 3]))
    return sides[0], sides[1]


def verdicts(name: str, factor: float, seed: int) -> list[Verdict]:
    baseline, candidate = pairs(name, seed)
    return [
        compare_paired(before, after * factor).verdict
        for before, after in zip(baseline, candidate, strict=True)
    ]


@pytest.mark.parametrize("name", PROCESSES)
def test_equal_cases_alarm_in_fewer_than_1_in_100_runs(name: str) -> None:
    found = verdicts(name, 1.0, seed=1)

    assert 1 - found.count(Verdict.SAME) / RUNS < 0.01


@pytest.mark.parametrize("name", PROCESSES)
def test_a_change_of_5_percent_is_found_at_the_nightly_stop(name: str) -> None:
    found = verdicts(name, 1.05, seed=2)

    assert found.count(Verdict.SLOWER) / RUNS >= 0.95
    assert found.count(Verdict.FASTER) == 0
