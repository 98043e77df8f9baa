"""Bands of mixtures hold what they say, and are the shortest that do."""

import numpy as np
import pytest

from tierbench.targets.projection.accelerators.band import (
    COVERAGE,
    TAIL,
    TAIL_SCALE,
    mixture_band,
    normal_band,
)


@pytest.mark.parametrize("seed", range(3))
def test_a_band_holds_its_share_of_draws(seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.dirichlet(np.ones(4))
    middles, deviations = random.normal(0, 2, 4), random.uniform(0.1, 0.6, 4)
    band = mixture_band(weights, middles, deviations)
    bells = random.choice(4, 20_000, p=weights)
    wide = np.where(random.random(20_000) < TAIL, TAIL_SCALE, 1.0)
    draws = middles[bells] + deviations[bells] * wide * random.normal(size=20_000)
    held = np.mean([band.holds(draw) for draw in draws])
    assert band.low <= band.mid <= band.high
    assert COVERAGE - 0.02 < held < COVERAGE + 0.06


def test_the_middle_lies_in_the_densest_heap() -> None:
    band = mixture_band(
        np.array([0.7, 0.3]), np.array([0.0, 5.0]), np.array([0.2, 0.2])
    )
    assert abs(band.mid) < 0.1
    assert band.high > 4.5  # seven tenths alone are not enough


def test_a_normal_band_is_symmetric() -> None:
    band = normal_band(1.0, 0.5)
    assert band.high - band.mid == pytest.approx(0.6408, abs=1e-3)
    assert band.plus(2).mid == 3.0
