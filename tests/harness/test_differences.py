"""Differences in accuracy on the same samples."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.harness.differences import (
    CHANGED_MIN,
    difference_over_seeds,
    mcnemar_p,
    paired_difference,
    tango_interval,
    unpaired_difference,
)
from tierbench.harness.errors import InputError
from tierbench.harness.statistics import wilson

Z = NormalDist().inv_cdf(0.975)


def likeliest_share(gained: int, lost: int, n: int, delta: float) -> float:
    """Return the share that only the control has right, by search of the likelihood."""
    least, most = max(0.0, -delta), (1 - delta) / 2
    shares = np.linspace(least, most, 400_001)[1:-1]
    logs = gained * np.log(shares + delta) + lost * np.log(shares)
    rest = 1 - delta - 2 * shares
    logs += (n - gained - lost) * np.log(np.maximum(rest, 1e-300))
    return float(shares[np.argmax(logs)])


@pytest.mark.parametrize(
    ("gained", "lost", "n"), [(3, 9, 100), (1, 12, 60), (30, 20, 400), (2, 2, 1200)]
)
def test_the_score_is_just_refused_at_both_ends(gained, lost, n) -> None:
    """The ends hold against a search of the likelihood, not our closed form."""
    interval = tango_interval(gained, lost, n)
    for end, side in ((interval.low, 1), (interval.high, -1)):
        share = likeliest_share(gained, lost, n, end)
        spread = math.sqrt(n * (2 * share + end - end**2))
        assert (gained - lost - n * end) / spread == pytest.approx(side * Z, abs=2e-3)


counts = st.integers(0, 400)


@given(counts, counts, counts)
def test_the_interval_holds_its_value_and_mirrors(gained, lost, same) -> None:
    n = gained + lost + same + 1
    interval = tango_interval(gained, lost, n)
    assert -1 <= interval.low <= (gained - lost) / n + 1e-12
    assert (gained - lost) / n - 1e-12 <= interval.high <= 1
    mirrored = tango_interval(lost, gained, n)
    assert mirrored.low == pytest.approx(-interval.high, abs=1e-9)
    assert mirrored.high == pytest.approx(-interval.low, abs=1e-9)


def test_no_sample_that_changed_is_no_certainty() -> None:
    interval = tango_interval(0, 0, 1200)
    assert interval.low == pytest.approx(-(Z**2) / (1200 + Z**2), rel=1e-6)
    assert interval.high == pytest.approx(Z**2 / (1200 + Z**2), rel=1e-6)


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (0, 6, 2 / 2**6), (3, 3, 1.0), (1, 9, 2 * 11 / 2**10)],
)
def test_mcnemars_p_counts_coins(gained, lost, p) -> None:
    assert mcnemar_p(gained, lost) == pytest.approx(p)
    assert mcnemar_p(lost, gained) == pytest.approx(p)


def test_mcnemars_p_of_very_many_samples() -> None:
    assert mcnemar_p(50_000, 50_600) == pytest.approx(0.059, abs=0.001)
    assert 0 <= mcnemar_p(0, 100_000) < 1e-300


def test_two_files_are_compared_sample_by_sample() -> None:
    control = np.arange(1000) % 10 > 0
    variant = control.copy()
    variant[[0, 10, 20, 30]] = True
    variant[1] = False
    found = paired_difference(variant.astype(float), control.astype(float))
    assert (found.value, found.n, found.seeds) == (0.003, 1000, 1)
    assert found.interval == tango_interval(4, 1, 1000)
    assert found.p_value == mcnemar_p(4, 1)
    assert found.paired


def test_errors_are_compared_by_resampling_their_differences() -> None:
    rng = np.random.default_rng(1)
    control = rng.exponential(5.0, 500)
    variant = control - 0.3 + 0.1 * rng.normal(size=500)
    found = paired_difference(variant, control)
    half = 1.96 * 0.1 / 500**0.5
    assert found.interval.low == pytest.approx(found.value - half, abs=half / 5)
    assert found.interval.high == pytest.approx(found.value + half, abs=half / 5)
    assert found.p_value is None


def test_seeds_that_agree_leave_the_samples_uncertainty() -> None:
    rng = np.random.default_rng(2)
    control = (rng.random(1000) < 0.9).astype(float)
    variant = (rng.random(1000) < 0.95).astype(float)
    over = difference_over_seeds(np.array([variant] * 4), control[None])
    one = paired_difference(variant, control)
    assert over.value == pytest.approx(one.value)
    width = one.interval.high - one.interval.low
    assert over.interval.high - over.interval.low == pytest.approx(width, rel=0.05)
    assert over.seeds == 4


def test_samples_that_agree_leave_the_seeds_uncertainty() -> None:
    """Errors that shift by seed alone: Student's interval of the seeds' means."""
    shift = np.array([0.1, 0.2, 0.4])
    variant = np.ones((3, 50)) * (7 + shift[:, None])
    found = difference_over_seeds(variant, np.full((1, 50), 7.0))
    half = 4.302653 * shift.std(ddof=1) / 3**0.5
    assert found.value == pytest.approx(shift.mean())
    assert found.interval.high - found.value == pytest.approx(half, rel=1e-4)


def test_few_samples_that_changed_are_judged_by_the_score_as_well() -> None:
    control = np.ones((1, 400))
    variant = np.ones((3, 400))
    found = difference_over_seeds(variant, control)
    assert found.interval.low == tango_interval(0, 0, 400).low
    variant[:, :CHANGED_MIN] = 0.0
    many = difference_over_seeds(variant, control)
    assert many.interval.high < 0


@pytest.mark.parametrize(
    ("one", "other"),
    [((3, 5), (3, 4)), ((3, 5), (2, 5)), ((2, 5), (2, 5)), ((3, 0), (3, 0))],
)
def test_what_does_not_fit_is_refused(one, other) -> None:
    with pytest.raises(InputError):
        difference_over_seeds(np.zeros(one), np.zeros(other))
    with pytest.raises(InputError, match="as many samples"):
        paired_difference(np.zeros(5), np.zeros(4))


def test_without_outcomes_both_intervals_add_as_squares() -> None:
    """Newcombe's example for two independent shares: 56/70 and 48/80."""
    sides = []
    for right, n in ((56, 70), (48, 80)):
        interval = wilson(right, n)
        sides.append((right / n, interval.low, interval.high))
    found = unpaired_difference(*sides, 70)
    assert found.interval.low == pytest.approx(0.0524, abs=5e-5)
    assert found.interval.high == pytest.approx(0.3339, abs=5e-5)
    assert not found.paired
