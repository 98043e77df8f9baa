"""Sustained runs, a thousand a process: intervals hold, and verdicts are right.

A run is half an hour of blocks of 5 s. The truth of a stretch is the median, over it,
of what the device would report there without the noise of blocks; of the ratio, the
ratio of these. The oracle knows the process: the one half width, of the logarithm, that
covers in exactly 95 % of the runs around the same estimates.
"""

from collections.abc import Callable

import numpy as np
import pytest

from tierbench.harness.soak import SoakVerdict, first_minute, sag, steady_state
from tierbench.harness.soaking import BLOCK_NS
from tierbench.harness.statistics import Estimate

pytestmark = pytest.mark.simulation

RUNS = 1000
BLOCK_S = BLOCK_NS / 1e9
BLOCKS = 360
TIMES_S = BLOCK_S * np.arange(BLOCKS)
FIRST, LATE = slice(0, 12), slice(BLOCKS // 2, BLOCKS)
COVER, WIDTH = 0.94, 1.3
CAUTIOUS = {
    "sag of 30 % in 2 min": 1.8,
    "sag of 30 % in 20 s": 2.6,
    "wandering 2 %, 10 s, sag": 1.7,
    "wave of 3 %, 30 s": 1.7,
}
"""Where the first minute is a steep ramp or few waves: twelve blocks tell it from
noise only so far, and the interval is too wide rather than too narrow."""

Path = Callable[[np.random.Generator], np.ndarray]


def flat(rng: np.random.Generator) -> np.ndarray:
    return np.ones(BLOCKS)


def sagging(plateau: float, constant_s: float) -> Path:
    shape = 1 + plateau * (1 - np.exp(-TIMES_S / constant_s))
    return lambda rng: shape


def wander(size: float, constant_s: float, then: Path = flat) -> Path:
    kept = np.exp(-BLOCK_S / constant_s)

    def path(rng: np.random.Generator) -> np.ndarray:
        steps = np.sqrt(1 - kept**2) * rng.standard_normal(BLOCKS)
        walk = np.empty(BLOCKS)
        walk[0] = rng.standard_normal()
        for place in range(1, BLOCKS):
            walk[place] = kept * walk[place - 1] + steps[place]
        return then(rng) * np.exp(size * walk)

    return path


def wave(size: float, period_s: float) -> Path:
    def path(rng: np.random.Generator) -> np.ndarray:
        phase = rng.uniform(0, 2 * np.pi)
        return 1 + size * np.sin(2 * np.pi * TIMES_S / period_s + phase)

    return path


PROCESSES: dict[str, tuple[Path, float]] = {
    "flat": (flat, 0.02),
    "sag of 30 % in 2 min": (sagging(0.3, 120.0), 0.02),
    "sag of 5 % in 5 min": (sagging(0.05, 300.0), 0.02),
    "sag of 30 % in 20 s": (sagging(0.3, 20.0), 0.02),
    "wandering 1 %, 60 s": (wander(0.01, 60.0), 0.02),
    "wandering 2 %, 10 s, sag": (wander(0.02, 10.0, sagging(0.2, 120.0)), 0.02),
    "wave of 3 %, 30 s": (wave(0.03, 30.0), 0.02),
    "noisy": (flat, 0.08),
}


def judged(seen: np.ndarray) -> tuple[Estimate, SoakVerdict]:
    late = steady_state(seen, TIMES_S, BLOCK_S * BLOCKS / 2)
    return sag(first_minute(seen, TIMES_S), late)


def simulate(name: str) -> dict[str, float]:
    path, noise = PROCESSES[name]
    rng = np.random.default_rng(11)
    errors, halves, held, verdicts = [], [], [], []
    for _ in range(RUNS):
        curve = path(rng)
        seen = 1000 * curve * np.exp(noise * rng.standard_normal(BLOCKS))
        ratio, verdict = judged(seen)
        verdicts.append(verdict)
        interval = ratio.interval
        if interval is None or ratio.value is None:
            continue
        truth = np.median(curve[LATE]) / np.median(curve[FIRST])
        held.append(interval.low <= truth <= interval.high)
        errors.append(abs(np.log(ratio.value / truth)))
        halves.append(np.log(interval.high / interval.low) / 2)
    shares = {str(v): verdicts.count(v) / RUNS for v in SoakVerdict}
    return {
        "cover": float(np.mean(held)),
        "width": float(np.mean(halves) / np.quantile(errors, 0.95)),
        "told": len(held) / RUNS,
        **shares,
    }


@pytest.mark.parametrize("name", PROCESSES)
def test_the_ratios_interval_covers_and_is_not_too_wide(name: str) -> None:
    found = simulate(name)
    assert found["told"] > 0.9
    assert found["cover"] >= COVER
    assert found["width"] <= CAUTIOUS.get(name, WIDTH)


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        (flat, SoakVerdict.HELD),
        (sagging(0.1, 120.0), SoakVerdict.SAGGED),
        (sagging(0.5, 1800.0), SoakVerdict.CHANGING),
    ],
    ids=["flat", "sags", "ramps"],
)
def test_verdicts_are_right(path: Path, verdict: SoakVerdict) -> None:
    rng = np.random.default_rng(2)
    right = 0
    for _ in range(200):
        seen = 1000 * path(rng) * np.exp(0.01 * rng.standard_normal(BLOCKS))
        right += judged(seen)[1] is verdict
    assert right >= 198
