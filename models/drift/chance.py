"""What chance alone makes of a rate."""

from __future__ import annotations

import math


def binomial_range(n: int, rate: float, confidence: float = 0.95) -> tuple[int, int]:
    """Return the counts among which a binomial count falls, equal tails cut off.

    Args:
        n: trials.
        rate: of each, between 0 and 1.
        confidence: the share of counts that are to lie inside, at least.
    """
    tail = (1.0 - confidence) / 2.0
    below, low = 0.0, None
    for count in range(n + 1):
        below += math.exp(
            math.lgamma(n + 1)
            - math.lgamma(count + 1)
            - math.lgamma(n - count + 1)
            + count * math.log(rate)
            + (n - count) * math.log1p(-rate)
        )
        if low is None and below > tail:
            low = count
        if below >= 1.0 - tail:
            return low or 0, count
    return low or 0, n
