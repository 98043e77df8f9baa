"""Do the bootstrap intervals of percentiles hold the truth?

60 slices of 50 calls from 3 workers; calls lognormal with a spread of 20 %. Slices
differ by 4 % and workers by 0.5 %, all independent, so that the truth is a quantile of
one normal distribution of the logarithm.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from tierbench.harness.statistics import percentile

pytestmark = pytest.mark.simulation

RUNS = 250


@pytest.mark.parametrize("q", [0.9, 0.99])
def test_the_interval_of_a_percentile_covers(q: float) -> None:
    rng = np.random.default_rng(3)
    workers = np.arange(60) % 3
    spread = math.sqrt(0.2**2 + 0.04**2 + 0.005**2)
    truth = math.exp(spread * NormalDist().inv_cdf(q))
    held = 0
    for run in range(RUNS):
        offsets = rng.normal(0, 0.005, 3)[workers] + rng.normal(0, 0.04, 60)
        slices = list(np.exp(offsets[:, None] + rng.normal(0, 0.2, (60, 50))))
        interval = percentile(slices, list(workers), q, seed=run).interval
        held += interval is not None and interval.low <= truth <= interval.high

    assert held / RUNS >= 0.94
