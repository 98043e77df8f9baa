"""Percentiles are published with support only; MLPerf's estimate by its rule."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.drifts import autoregressive

from tierbench.harness.errors import InputError
from tierbench.harness.tails import P90_SUPPORT, P99_SUPPORT, Tail


def slices_of(count: int, size: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.exp(rng.normal(0, 0.2, size)) for _ in range(count)]


def tail_of(slices) -> Tail:
    return Tail(slices, [k % 3 for k in range(len(slices))])


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
    found = tail.percentile(0.9, P90_SUPPORT)
    assert 8.05 < found.value < 9.0
    assert 8 <= found.interval.low < found.interval.high == 9.05


def test_a_narrow_bulk_has_a_narrow_interval_though_slices_shift() -> None:
    # Slices lie apart by more than their calls do, and every 50th call is far out:
    # the share above a value within the bulk says nothing of the far ones.
    rng = np.random.default_rng(6)
    slices = [1 + rng.normal(0, 0.004) + rng.normal(0, 0.002, 500) for _ in range(60)]
    for taken in slices:
        taken[::50] = 9.0
    found = tail_of(slices).percentile(0.9, P90_SUPPORT)

    assert found.value == pytest.approx(1.006, abs=0.003)
    assert found.interval.high < 1.02


def test_autocorrelated_samples_are_worth_fewer() -> None:
    found = tail_of(
        list(autoregressive(np.random.default_rng(0), 200, 30, 0.01).T)
    ).percentile(0.99)

    assert found.value is None
    assert found.reason == (
        "p99 needs 1,000 effective samples; 6,000 samples are worth 184: "
        "measure about 5.5 times as long"
    )


def test_shuffled_between_slices_the_same_samples_are_worth_all() -> None:
    samples = autoregressive(np.random.default_rng(0), 200, 30, 0.01).T.ravel()
    np.random.default_rng(1).shuffle(samples)

    assert tail_of(list(samples.reshape(30, 200))).percentile(0.99).value is not None


def test_slices_in_a_row_that_are_alike_are_worth_fewer() -> None:
    # A step of the device: the second half holds all samples above.
    level = np.repeat([1.0, 1.5], 30)
    slices = [x * s for x, s in zip(level, slices_of(60, 100), strict=True)]
    mixed = [slices[k] for k in np.random.default_rng(2).permutation(60)]

    assert "are worth" in tail_of(slices).percentile(0.99).reason
    assert tail_of(mixed).percentile(0.99).value is not None
    here = replace(P99_SUPPORT, lasting=False)
    assert tail_of(slices).percentile(0.99, here).value is not None


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
    narrow, wide = (tail.percentile(0.9, P90_SUPPORT, c).interval for c in (0.9, 0.99))

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
