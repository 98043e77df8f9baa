from math import comb

import pytest

from tierbench.models.drift.chance import binomial_range


@pytest.mark.parametrize(
    ("n", "rate", "expected"), [(1_000, 0.05, (37, 64)), (1_000, 0.01, (4, 17))]
)
def test_range_is_the_known_one(n, rate, expected):
    assert binomial_range(n, rate) == expected


@pytest.mark.parametrize(("n", "rate"), [(1, 0.5), (20, 0.05), (40, 0.01), (200, 0.3)])
def test_tails_hold_no_more_than_was_left_to_chance(n, rate):
    low, high = binomial_range(n, rate)

    def share(counts: range) -> float:
        return sum(comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in counts)

    assert share(range(low)) <= 0.025 < share(range(low + 1))
    assert share(range(high + 1, n + 1)) <= 0.025 < share(range(high, n + 1))
