"""What samples above a value are worth, by how they are spread over slices."""

import math

import numpy as np
import pytest
from support.drifts import autoregressive

from tierbench.harness.excess import Excess


def test_the_design_effect_of_independent_samples_is_1() -> None:
    rng = np.random.default_rng(7)
    counts = rng.binomial(100, 0.1, 2000)
    excess = Excess(counts, np.full(2000, 100), np.arange(2000) % 3)

    assert excess.between_slices == pytest.approx(1, abs=0.1)
    assert excess.correlation_time == pytest.approx(1, abs=0.1)
    # The kurtosis of a binomial count is close to a normal one's.
    assert excess.freedom == pytest.approx(2000, rel=0.1)


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_the_correlation_time_of_slices_is_that_of_their_process(keep: float) -> None:
    # (1 + keep) / (1 - keep) for a first-order autoregressive process.
    rng = np.random.default_rng(0)
    states = autoregressive(rng, 20_000, 1, -math.log(keep))[:, 0]
    counts = np.rint(1000 + 100 * states).astype(int)
    excess = Excess(counts, np.full(20_000, 10_000), np.zeros(20_000, int))

    expected = (1 + keep) / (1 - keep)
    assert excess.correlation_time == pytest.approx(expected, rel=0.15)


def test_few_slices_that_hold_most_leave_few_degrees_of_freedom() -> None:
    sizes, workers = np.full(60, 100), np.arange(60) % 3
    even = Excess(np.arange(60) % 4, sizes, workers)
    uneven = Excess(np.where(np.arange(60) < 3, 20, 0), sizes, workers)

    assert even.freedom == 59
    assert uneven.freedom < 8
    assert uneven.spread(1.96) > 1.2 * 1.96**2 * uneven.between_slices


def test_workers_that_differ_count_for_more_than_their_slices() -> None:
    workers = np.arange(60) % 3
    excess = Excess(10 + 2 * workers, np.full(60, 100), workers)

    assert excess.between_workers > 5 * excess.between_slices


@pytest.mark.parametrize("counts", [[0, 0, 0], [5, 5, 5]])
def test_what_does_not_vary_is_worth_all(counts: list[int]) -> None:
    excess = Excess(np.array(counts), np.full(3, 5), np.zeros(3, int))

    assert (excess.design_effect(excess.correlation_time), excess.freedom) == (1.0, 2.0)
