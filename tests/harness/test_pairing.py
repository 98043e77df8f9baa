import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.harness.errors import InputError, NotComparable
from tierbench.harness.pairing import Verdict, compare_paired, compare_unpaired
from tierbench.harness.statistics import Estimate, Interval


def rounds(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return two cases of equal speed under one strong drift, each with 1 % noise."""
    rng = np.random.default_rng(seed)
    drift = np.cumsum(rng.normal(0, 0.05, n))
    noise = rng.normal(0, 0.01, (2, n))
    return np.exp(drift + noise[0]), np.exp(drift + noise[1])


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [
        (1.00, Verdict.SAME),
        (1.05, Verdict.SLOWER),
        (0.95, Verdict.FASTER),
        (1.015, Verdict.SAME),
        (0.985, Verdict.SAME),
    ],
)
def test_a_change_beyond_the_floor_is_called(factor: float, verdict: Verdict) -> None:
    baseline, candidate = rounds()
    found = compare_paired(baseline, candidate * factor)

    assert found.verdict is verdict
    assert found.ratio == pytest.approx(factor, abs=0.005)
    assert found.interval.low < factor < found.interval.high
    assert found.n == 60
    assert found.paired


def test_a_change_below_the_floor_is_not_called_however_certain() -> None:
    baseline, candidate = rounds()
    found = compare_paired(baseline, candidate * 1.015)
    lower = compare_paired(baseline, candidate * 1.015, floor=0.005)

    assert found.interval.low > 1
    assert found.verdict is Verdict.SAME
    assert lower.verdict is Verdict.SLOWER


def test_a_change_that_noise_could_make_is_not_called() -> None:
    ratios = np.array([0.8, 1.6, 0.9, 1.4, 0.7, 1.3, 1.1, 1.5, 0.6, 1.2, 1.05, 1.7])
    found = compare_paired(np.ones(12), ratios)

    assert found.ratio == pytest.approx(math.sqrt(1.1 * 1.2))
    assert found.verdict is Verdict.SAME


@given(st.integers(0, 1000), st.floats(0.8, 1.25))
def test_swapping_the_sides_turns_the_verdict_round(seed: int, factor: float) -> None:
    baseline, candidate = rounds(24, seed)
    one = compare_paired(baseline, candidate * factor)
    other = compare_paired(candidate * factor, baseline)
    swapped = {"slower": "faster", "faster": "slower", "same": "same"}

    assert other.ratio == pytest.approx(1 / one.ratio)
    assert other.interval.low == pytest.approx(1 / one.interval.high)
    assert other.verdict == swapped[one.verdict]


@pytest.mark.parametrize(
    ("n", "reason"),
    [(0, "0 rounds are too few to tell"), (8, "8 rounds are too few to tell")],
)
def test_too_few_rounds_are_unknown(n: int, reason: str) -> None:
    found = compare_paired(np.ones(n), np.ones(n))

    assert found.verdict is Verdict.UNKNOWN
    assert found.ratio is None
    assert found.interval is None
    assert found.reason == reason


def test_rounds_must_match() -> None:
    with pytest.raises(
        NotComparable, match=r"shape of the rounds is \(3,\) and \(4,\)"
    ):
        compare_paired(np.ones(3), np.ones(4))


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_medians_must_be_positive_and_finite(bad: float) -> None:
    with pytest.raises(InputError, match=r"candidate: slice median .*; must be"):
        compare_paired(np.ones(2), np.array([1.0, bad]))


def estimate(value: float, half_width: float = 0.01, n: int = 60) -> Estimate:
    ends = Interval(low=value * (1 - half_width), high=value * (1 + half_width))
    return Estimate(value=value, interval=ends, n=n)


def test_unpaired_sources_of_error_add_as_variances() -> None:
    # ±1.96 % each is a standard deviation of 1 %; with 2 % between runs on both sides
    # the ratio's is sqrt(1 + 1 + 4 + 4) = 3.16 %.
    found = compare_unpaired(
        estimate(100, 0.0196), estimate(100, 0.0196, n=40), 0.02, confidence=0.95
    )

    half = math.log(found.interval.high / found.interval.low) / 2
    assert half == pytest.approx(1.96 * math.sqrt(10) / 100, rel=1e-3)
    assert not found.paired
    assert found.n == 40


@pytest.mark.parametrize(
    ("value", "between_runs", "verdict"),
    [
        (100, 0.0, Verdict.SAME),
        (110, 0.0, Verdict.SLOWER),
        (90, 0.0, Verdict.FASTER),
        (110, 0.05, Verdict.SAME),
    ],
)
def test_between_run_variance_withholds_a_verdict(
    value: float, between_runs: float, verdict: Verdict
) -> None:
    found = compare_unpaired(estimate(100), estimate(value), between_runs)

    assert found.verdict is verdict


def test_an_estimate_without_interval_is_unknown() -> None:
    bare = Estimate(value=1.0, interval=None, n=3, reason="3 slices")
    found = compare_unpaired(estimate(100), bare, 0.02)

    assert found.verdict is Verdict.UNKNOWN
    assert found.reason == "candidate has no interval: 3 slices"


def test_unpaired_input_is_checked() -> None:
    with pytest.raises(InputError, match=r"between_runs -0\.1: must be 0 or more"):
        compare_unpaired(estimate(1), estimate(1), -0.1)
    reaching = Estimate(value=1.0, interval=Interval(low=0.0, high=2.0), n=9)
    with pytest.raises(InputError, match="must lie above 0 to form a ratio"):
        compare_unpaired(estimate(1), reaching, 0.0)
