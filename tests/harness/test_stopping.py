import pytest

from tierbench.harness.errors import InputError
from tierbench.harness.statistics import Estimate, Interval
from tierbench.harness.stopping import StopRule, Streak

RULE = StopRule(half_width=0.03, slices_min=10, workers_min=3, span_min_s=10.0)


def estimate(half_width: float = 0.03, n: int = 10) -> Estimate:
    # Powers of two and their sums keep the relative half width exact.
    ends = Interval(low=128 * (1 - half_width), high=128 * (1 + half_width))
    return Estimate(value=128.0, interval=ends, n=n)


def test_a_case_that_meets_every_limit_is_narrow_enough() -> None:
    assert RULE.shortfall(estimate(0.02), workers=3, span_s=10.0) is None


@pytest.mark.parametrize(
    ("found", "workers", "span_s", "missing"),
    [
        (estimate(0.02, n=9), 3, 10.0, "9 of 10 slices"),
        (estimate(0.02), 2, 10.0, "2 of 3 workers"),
        (estimate(0.02), 3, 9.9, "9.9 of 10.0 s"),
        (estimate(0.04), 3, 10.0, "interval of ±4.0%; the target is ±3.0%"),
        (Estimate(value=1.0, interval=None, n=10, reason="why"), 3, 10.0, "why"),
        (Estimate(value=0.0, interval=None, n=10), 3, 10.0, "no interval"),
    ],
)
def test_each_limit_holds_a_case_open_and_says_so(
    found: Estimate, workers: int, span_s: float, missing: str
) -> None:
    assert RULE.shortfall(found, workers, span_s) == missing


def test_two_looks_in_a_row_end_a_case() -> None:
    streak = Streak()
    seen = []
    for narrow in (True, False, True, True):
        streak = streak.after(narrow)
        seen.append(streak.done)

    assert seen == [False, False, False, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"half_width": 0}, "half_width 0; must lie between 0 and 1"),
        ({"half_width": 3}, "half_width 3; must lie between 0 and 1"),
        ({"slices_min": -1}, "slices_min -1; must be 0 or more"),
        ({"workers_min": -1}, "workers_min -1; must be 0 or more"),
        ({"span_min_s": -0.5}, r"span_min_s -0\.5; must be 0 or more"),
    ],
)
def test_an_impossible_rule_is_refused(change: dict, message: str) -> None:
    limits = {"half_width": 0.03, "slices_min": 1, "workers_min": 1, "span_min_s": 1.0}
    with pytest.raises(InputError, match=message):
        StopRule(**limits | change)
