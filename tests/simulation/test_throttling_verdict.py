"""How often does the verdict on a clock go wrong?

60 slices, two readings in each. Readings err independently by 1 %; the processor takes
turbo steps of 100 MHz at 3 GHz, up or down, whenever neighbours wake and sleep. Of the
runs in which nothing else happens few may be called throttled; of those in which the
clock falls by a tenth, at a random moment that leaves ten slices, almost all must be.
"""

from __future__ import annotations

import numpy as np
import pytest
from support.watched import slices

from tierbench.harness.throttling import throttling

pytestmark = pytest.mark.simulation

RUNS = 500
SLICES = 60


def share_throttled(drop: float, turbo_hz: float, seed: int) -> float:
    rng = np.random.default_rng(seed)
    throttled = 0
    for _ in range(RUNS):
        begin = rng.integers(10, SLICES - 10)
        clock = 3e9 + turbo_hz * rng.integers(0, 2, SLICES)
        clock *= np.where(np.arange(SLICES) >= begin, 1 - drop, 1)
        readings = clock[:, None] * rng.normal(1, 0.01, (SLICES, 4))
        found = throttling(slices(SLICES, clock__cpu=lambda i, r=readings: r[i]))
        throttled += found.state == "throttled"
    return throttled / RUNS


@pytest.mark.parametrize("turbo_hz", [0.0, 1e8])
def test_noise_and_turbo_are_seldom_called_throttling(turbo_hz: float) -> None:
    share = share_throttled(0.0, turbo_hz, seed=1)
    print(f"turbo step {turbo_hz / 1e6:.0f} MHz: {share:.1%} called throttled")
    assert share <= 0.02


@pytest.mark.parametrize("turbo_hz", [0.0, 1e8])
def test_a_drop_by_a_tenth_is_almost_always_found(turbo_hz: float) -> None:
    share = share_throttled(0.1, turbo_hz, seed=2)
    print(f"turbo step {turbo_hz / 1e6:.0f} MHz: {share:.1%} of drops found")
    assert share >= 0.98
