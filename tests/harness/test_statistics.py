import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tierbench.harness.errors import InputError
from tierbench.harness.statistics import (
    Estimate,
    Interval,
    median_estimate,
    sign_interval,
    steady_start,
    throughput_estimate,
    wilson,
)

LATENCIES = npst.arrays(
    np.float64, st.integers(0, 60), elements=st.floats(1e-3, 1e9, allow_nan=False)
)


def binomial_coverage(n: int, rank: int) -> float:
    """Return P(rank <= X <= n - rank) for X binomial (n, 1/2), in whole numbers."""
    return sum(math.comb(n, k) for k in range(rank, n - rank + 1)) / 2**n


def normal(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(100, 4, n)


@given(LATENCIES)
def test_the_value_is_the_median_and_lies_in_its_interval(values: np.ndarray) -> None:
    found = median_estimate(values)

    assert found.n == len(values)
    if len(values) == 0:
        assert found.value is None
        assert found.reason == "no slices"
        return
    assert found.value == pytest.approx(np.median(values))
    if found.interval is None:
        assert len(values) < 7
    else:
        assert values.min() <= found.interval.low <= found.value
        assert found.value <= found.interval.high <= values.max()


@given(LATENCIES, st.sampled_from([0.5, 2.0, 1024.0]))
def test_the_unit_does_not_matter(values: np.ndarray, factor: float) -> None:
    plain, scaled = median_estimate(values), median_estimate(values * factor)

    if plain.interval is not None:
        assert scaled.interval is not None
        assert scaled.interval.low == pytest.approx(plain.interval.low * factor)
        assert scaled.interval.high == pytest.approx(plain.interval.high * factor)


@pytest.mark.parametrize("n", [7, 8, 15, 60, 201])
def test_independent_values_have_the_sign_test_s_ranks(n: int) -> None:
    # Alternating sides changes side as often as can be: nothing may be drawn in.
    values = np.array([1 + k // 2 if k % 2 else n - k // 2 for k in range(n)], float)
    assert sorted(values) == list(range(1, n + 1))
    ends = sign_interval(values, 0.975)

    assert ends is not None
    rank = math.floor(ends[0])
    assert binomial_coverage(n, rank) >= 0.975
    assert binomial_coverage(n, rank + 1) < 0.975
    assert ends[0] + ends[1] == pytest.approx(n + 1)


def test_interpolation_meets_the_level_for_a_known_case() -> None:
    # n = 10: ranks 2 and 9 hold the median in 97.85 %, 3 and 8 in 89.06 % of runs.
    # The share I = (97.85 - 97.5) / (97.85 - 89.06) = 0.04 moves the rank by
    # (n - d) I / (d + (n - 2 d) I) = 0.32 / 2.24 = 1/7.
    values = np.array([1.0, 10, 2, 9, 3, 8, 4, 7, 5, 6])
    ends = sign_interval(values, 0.975)

    assert ends == pytest.approx((2 + 1 / 7, 9 - 1 / 7), abs=1e-9)


def test_smooth_drift_draws_the_interval_in() -> None:
    rising = np.linspace(100, 130, 60)
    shuffled = np.random.default_rng(3).permutation(rising)

    drifting, mixed = median_estimate(rising), median_estimate(shuffled)

    assert drifting.value == pytest.approx(mixed.value)
    assert drifting.relative_half_width < 0.4 * mixed.relative_half_width


def test_the_ranks_move_by_the_root_of_the_share_of_changes() -> None:
    # One change of side bends the signs twice: 60 / 58 * 2 / 3 changes, 2 to spare,
    # of 30. The sign test's rank at 97.5 % of 60 values is 21.90133.
    share = (60 / 58 * 2 / 3 + 2) / 30
    reach = (30.5 - 21.90133) * math.sqrt(share)

    ends = sign_interval(np.arange(1.0, 61.0), 0.975)

    assert ends == pytest.approx((30.5 - reach, 30.5 + reach), abs=1e-4)


def test_start_times_put_slices_in_order() -> None:
    rising = np.linspace(100, 130, 60)
    order = np.random.default_rng(3).permutation(60)

    found = median_estimate(rising[order], np.arange(60.0)[order])

    assert found == median_estimate(rising)


def test_slices_of_one_visit_count_as_one() -> None:
    visits = normal(12)
    values = np.repeat(visits, 5)
    starts_s = np.repeat(np.arange(12) * 4.0, 5) + np.tile(np.arange(5) * 0.06, 12)

    found = median_estimate(values, starts_s)

    assert found.n == 60
    assert found.value == pytest.approx(np.median(visits))
    assert found.interval == median_estimate(visits).interval
    assert found.relative_half_width > median_estimate(values).relative_half_width


def test_slices_in_random_rounds_are_not_visits() -> None:
    rng = np.random.default_rng(5)
    values = normal(60)

    found = median_estimate(values, np.arange(60) + rng.random(60))

    assert found == median_estimate(values)


def test_few_visits_have_no_interval_and_a_reason() -> None:
    starts_s = np.repeat(np.arange(3) * 4.0, 5) + np.tile(np.arange(5) * 0.06, 3)

    found = median_estimate(normal(15), starts_s)

    assert found.interval is None
    assert found.reason == "3 separate slices; an interval needs 7"


def test_higher_confidence_is_wider() -> None:
    values = normal(40)
    found = median_estimate(values, confidence=0.95)
    wide = median_estimate(values, confidence=0.99)

    assert wide.interval.confidence == 0.99
    assert wide.relative_half_width > found.relative_half_width


def test_equal_values_have_an_interval_of_no_width() -> None:
    found = median_estimate(np.full(20, 5.0))

    assert found.interval == Interval(low=5.0, high=5.0)
    assert found.relative_half_width == 0


@pytest.mark.parametrize(
    ("values", "starts_s", "message"),
    [
        ([1.0, math.nan], None, "slice medians: nan at 1; must be finite"),
        ([[1.0]], None, r"slice medians: shape is \(1, 1\); must be \(n,\)"),
        ([1.0, 2.0], [0.0], r"starts_s: shape is \(1,\); must be \(2,\)"),
    ],
)
def test_bad_values_are_named(values, starts_s, message) -> None:
    with pytest.raises(InputError, match=message):
        median_estimate(values, starts_s)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_a_confidence_out_of_range_is_refused(confidence) -> None:
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        median_estimate(normal(20), confidence=confidence)


def test_a_value_without_interval_has_no_width() -> None:
    assert Estimate(value=1.0, interval=None, n=3).relative_half_width is None


def test_throughput_is_the_median_rate() -> None:
    found = throughput_estimate(np.full(9, 100), np.linspace(0.5, 2.5, 9))

    assert found.value == pytest.approx(100 / 1.5)
    assert found.interval.low < found.value < found.interval.high


def test_throughput_needs_time() -> None:
    with pytest.raises(InputError, match=r"elapsed_s 0\.0: must be above 0"):
        throughput_estimate(np.array([5]), np.array([0.0]))


def test_wilson_solves_its_defining_equation() -> None:
    # The ends are the shares p for which |seen - p| = z sqrt(p (1 - p) / n).
    found = wilson(81, 90)

    for end in (found.low, found.high):
        error = math.sqrt(end * (1 - end) / 90)
        assert abs(81 / 90 - end) == pytest.approx(1.959964 * error, rel=1e-6)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_wilson_holds_the_share_and_stays_within_0_and_1(
    successes: int, failures: int
) -> None:
    n = max(1, successes + failures)
    found = wilson(successes, n)

    assert 0 <= found.low <= successes / n <= found.high <= 1


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_impossible_counts(successes: int, n: int) -> None:
    with pytest.raises(InputError, match="need 0 <= successes <= n, n > 0"):
        wilson(successes, n)


@pytest.mark.parametrize(
    ("values", "start"),
    [
        ([], 0),
        ([9.0, 1.0], 0),
        ([160, 120, 101, 99, 100, 101, 99, 100], 2),
        ([100, 120, 101, 99, 100, 101, 99, 100], 0),
        ([80, 81, 101, 99, 100, 101, 99, 100], 0),
        ([9, 9, 9, 9, 1, 1, 1, 1], 4),
        ([5, 5, 5, 5], 0),
    ],
    ids=["none", "two", "two warm", "late spike", "fast start", "half", "equal"],
)
def test_warm_up_is_the_slow_leading_slices(values: list[float], start: int) -> None:
    assert steady_start(np.array(values, float)) == start


def test_the_last_case_left_counts_once_in_each_usual_gap() -> None:
    rounds = np.arange(12) * 1.0
    alone = 12.0 + np.arange(44) / 16  # the usual gap is 0.82 s: 14 slices
    values = normal(56)
    found = median_estimate(values, np.concatenate([rounds, alone])).interval
    bins = [np.median(values[start : start + 14]) for start in range(12, 56, 14)]
    assert found == median_estimate(np.array([*values[:12], *bins])).interval
