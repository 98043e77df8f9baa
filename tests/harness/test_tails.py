"""Percentiles are published with support only; MLPerf's estimate by its rule."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.harness.errors import InputError
from tierbench.harness.tails import (
    P90_ABOVE_MIN,
    Excess,
    Tail,
    over_latency_allowed,
    queries_needed,
)


def slices_of(count: int, size: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.exp(rng.normal(0, 0.2, size)) for _ in range(count)]


def tail_of(slices) -> Tail:
    return Tail(slices, [k % 3 for k in range(len(slices))])


def autocorrelated(count: int, size: int, keep: float, seed: int = 0) -> np.ndarray:
    """Return slices of a first-order autoregressive process, each on its own."""
    rng = np.random.default_rng(seed)
    state = rng.standard_normal(count)
    found = np.empty((size, count))
    for row in found:
        row[:] = state
        state = keep * state + math.sqrt(1 - keep**2) * rng.standard_normal(count)
    return found.T


def test_a_percentile_is_that_of_all_samples() -> None:
    slices = slices_of(30, 100)
    found = tail_of(slices).percentile(0.99)

    assert found.value == pytest.approx(np.quantile(np.concatenate(slices), 0.99))
    assert found.n == 3000
    assert found.interval.low < found.value < found.interval.high


def test_integers_are_taken_as_they_are() -> None:
    slices = [np.rint(1e6 * s).astype(np.int64) for s in slices_of(20, 100)]
    found = tail_of(slices).percentile(0.9)

    assert found.interval.low < found.value < found.interval.high


@pytest.mark.parametrize(("q", "need"), [(0.9, 100), (0.99, 1000), (0.999, 10_000)])
def test_a_percentile_needs_samples(q: float, need: int) -> None:
    enough = [np.linspace(1, 2, need // 10) for _ in range(10)]
    short = [*enough[:-1], enough[-1][:-1]]

    assert tail_of(enough).percentile(q).value is not None
    refused = tail_of(short).percentile(q)
    assert (refused.value, refused.interval) == (None, None)
    assert refused.reason == (
        f"p{100 * q:g} needs {need:,} effective samples; {need - 1:,} samples are "
        f"worth {need - 1:,}: measure about 1.1 times as long"
    )


def test_p90_may_ask_for_less() -> None:
    tail = tail_of([np.arange(10) + k / 100 for k in range(6)])

    assert "p90 needs 100 effective samples" in tail.percentile(0.9).reason
    found = tail.percentile(0.9, P90_ABOVE_MIN)
    assert 8.05 < found.value < 9.0
    assert 8 <= found.interval.low < found.interval.high == 9.05


def test_a_narrow_bulk_has_a_narrow_interval_though_slices_shift() -> None:
    # Slices lie apart by more than their calls do, and every 50th call is far out:
    # the share above a value within the bulk says nothing of the far ones.
    rng = np.random.default_rng(6)
    slices = [1 + rng.normal(0, 0.004) + rng.normal(0, 0.002, 500) for _ in range(60)]
    for taken in slices:
        taken[::50] = 9.0
    found = tail_of(slices).percentile(0.9, P90_ABOVE_MIN)

    assert found.value == pytest.approx(1.006, abs=0.003)
    assert found.interval.high < 1.02


def test_autocorrelated_samples_are_worth_fewer() -> None:
    found = tail_of(list(autocorrelated(30, 200, 0.99))).percentile(0.99)

    assert found.value is None
    assert found.reason == (
        "p99 needs 1,000 effective samples; 6,000 samples are worth 205: "
        "measure about 4.9 times as long"
    )


def test_shuffled_between_slices_the_same_samples_are_worth_all() -> None:
    samples = autocorrelated(30, 200, 0.99).ravel()
    np.random.default_rng(1).shuffle(samples)

    assert tail_of(list(samples.reshape(30, 200))).percentile(0.99).value is not None


def test_slices_in_a_row_that_are_alike_are_worth_fewer() -> None:
    # A step of the device: the second half holds all samples above.
    level = np.repeat([1.0, 1.5], 30)
    slices = [x * s for x, s in zip(level, slices_of(60, 100), strict=True)]
    mixed = [slices[k] for k in np.random.default_rng(2).permutation(60)]

    assert "are worth" in tail_of(slices).percentile(0.99).reason
    assert tail_of(mixed).percentile(0.99).value is not None


def test_samples_above_it_must_come_from_separate_slices() -> None:
    slices = [np.linspace(1, 2, 4000) for _ in range(4)]
    found = tail_of(slices).percentile(0.99)

    assert found.value is None
    assert found.reason == (
        "p99 needs 5 independent slices with samples above it; 4 slices are worth 4: "
        "measure about 1.3 times as long"
    )
    assert tail_of([*slices, slices[0]]).percentile(0.99).value is not None


def test_a_device_without_any_spread_has_exact_percentiles() -> None:
    found = tail_of([np.full(200, 7.0)] * 10).percentile(0.99)

    assert (found.value, found.interval.low, found.interval.high) == (7.0, 7.0, 7.0)


def test_rare_slow_slices_behind_ties_are_not_overlooked() -> None:
    # 3 % of the samples, all in 4 of 20 slices, may as well be more than 5 %.
    slices = [np.ones(100) for _ in range(20)]
    for k in range(0, 20, 5):
        slices[k][:15] = 2.0

    found = tail_of(slices).percentile(0.95)
    assert found.value is None
    assert "2,000 samples are worth 153" in found.reason


def test_nothing_supports_no_percentile() -> None:
    for slices in ([], [np.empty(0)]):
        found = tail_of(slices).percentile(0.9)
        assert (found.value, found.n, found.reason) == (None, 0, "no samples")


@pytest.mark.parametrize("difference", [0.05, 0.2])
def test_workers_that_differ_widen_the_interval(difference: float) -> None:
    alike = slices_of(60, 200)
    apart = [s * (1 + difference * (k % 3)) for k, s in enumerate(alike)]

    narrow = tail_of(alike).percentile(0.9)
    wide = tail_of(apart).percentile(0.9)

    assert wide.relative_half_width > 2 * narrow.relative_half_width


def test_slices_that_differ_widen_the_interval() -> None:
    rng = np.random.default_rng(4)
    alike = slices_of(60, 200)
    apart = [s * math.exp(rng.normal(0, 0.1)) for s in alike]

    narrow, wide = (tail_of(found).percentile(0.9) for found in (alike, apart))
    assert wide.relative_half_width > 2 * narrow.relative_half_width


def test_more_confidence_is_a_wider_interval() -> None:
    tail = tail_of(slices_of(30, 100))
    narrow, wide = (tail.percentile(0.9, 4, c).interval for c in (0.9, 0.99))

    assert wide.low < narrow.low < narrow.high < wide.high


def test_what_cannot_be_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="percentile 99: must lie between 0 and 1"):
        tail_of([]).percentile(99)
    with pytest.raises(InputError, match="samples: inf at 1; must be finite"):
        tail_of([np.array([1.0, math.inf])])
    with pytest.raises(InputError, match="1 slices but 0 workers"):
        Tail([np.ones(3)], [])


@given(
    st.lists(
        st.lists(st.integers(0, 50), max_size=80).map(
            lambda values: np.array(values, dtype=np.int64)
        ),
        max_size=30,
    ),
    st.sampled_from([0.5, 0.9, 0.99]),
)
def test_any_samples_have_an_answer(slices: list[np.ndarray], q: float) -> None:
    tail = tail_of(slices)
    found, bound = tail.percentile(q), tail.early_stopping(q)

    for estimate in (found, bound):
        assert (estimate.value is None) == (estimate.reason is not None)
    if found.interval is not None:
        assert found.interval.low <= found.value <= found.interval.high
    if bound.value is not None:
        assert bound.value >= np.quantile(np.concatenate(slices), q)


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
    counts = np.rint(1000 + 100 * autocorrelated(1, 20_000, keep)[0]).astype(int)
    excess = Excess(counts, np.full(20_000, 10_000), np.zeros(20_000, int))

    expected = (1 + keep) / (1 - keep)
    assert excess.correlation_time == pytest.approx(expected, rel=0.15)


def chance_of_at_most(over: int, n: int, q: Fraction) -> Fraction:
    """Return exactly the chance that ``over`` or fewer of n lie above the quantile."""
    return sum(
        (math.comb(n, k) * (1 - q) ** k * q ** (n - k) for k in range(over + 1)),
        Fraction(0),
    )


@pytest.mark.parametrize(
    ("q", "over", "need"),
    [
        ("0.9", 1, 64),
        ("0.9", 10, 197),
        ("0.95", 1, 130),
        ("0.95", 10, 398),
        ("0.99", 1, 662),
        ("0.99", 10, 2010),
        ("0.999", 1, 6636),
    ],
)
def test_the_rule_s_table_is_exact(q: str, over: int, need: int) -> None:
    share = Fraction(q)

    assert chance_of_at_most(over, need, share) < Fraction(1, 100)
    assert chance_of_at_most(over, need - 1, share) >= Fraction(1, 100)
    assert queries_needed(float(q), over) == need
    assert over_latency_allowed(need, float(q)) == over
    assert over_latency_allowed(need - 1, float(q)) == over - 1


@pytest.mark.parametrize("n", [0, 1, 63, 661])
def test_too_few_queries_have_no_estimate_and_say_how_many_more(n: int) -> None:
    found = tail_of([np.arange(n)]).early_stopping(0.99)

    assert found.value is None
    assert found.reason == (
        f"MLPerf's estimate of p99 needs 662 queries; {n} were measured: "
        f"{662 - n} more are needed"
    )


def test_662_queries_give_the_largest() -> None:
    found = tail_of([np.arange(662)]).early_stopping(0.99)

    assert (found.value, found.interval, found.reason) == (661, None, None)


def test_2010_queries_drop_the_nine_worst() -> None:
    assert tail_of([np.arange(2010)]).early_stopping(0.99).value == 2000


def test_a_million_queries_are_quick_and_close_to_the_percentile() -> None:
    tail = Tail([np.arange(1_000_000)], [0])

    assert 990_000 < tail.early_stopping(0.99).value < 990_400
    assert 900_000 < tail.early_stopping(0.9).value < 901_000
