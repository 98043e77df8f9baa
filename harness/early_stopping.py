"""MLPerf Inference's early stopping: how many queries may exceed a bound.

The rule is LoadGen's (``early_stopping.cc``) at a confidence of 99 %, tolerance 0.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from .statistics import Values

_ERROR = 0.01
"""One minus the confidence that MLPerf asks for."""


@lru_cache(maxsize=4096)
def over_latency_allowed(n: int, q: float) -> int:
    """Return how many of n queries may exceed a bound that q of all queries keep.

    It is the largest t >= 1 for which t or fewer of n independent queries lie above the
    q-quantile with a chance below 1 %; 0 where n is too small for any.
    """
    most = math.ceil(n * (1 - q)) + 1
    cumulative = np.cumsum(np.exp(_log_binomial(min(n, most), n, q)))
    return max(0, int(np.count_nonzero(cumulative < _ERROR)) - 1)


@lru_cache(maxsize=64)
def queries_needed(q: float, over: int = 1) -> int:
    """Return the least queries of which ``over`` may exceed the bound, see above."""
    low, high = over, 2 * over
    while over_latency_allowed(high, q) < over:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if over_latency_allowed(middle, q) < over:
            low = middle
        else:
            high = middle
    return high


def _log_binomial(most: int, n: int, q: float) -> Values:
    """Return the logs of the chances that 0, 1 ... most of n lie above the quantile."""
    above = np.arange(1, most + 1)
    ratios = np.log((n - above + 1) / above) + math.log((1 - q) / q)
    return n * math.log(q) + np.cumsum(np.concatenate([[0.0], ratios]))
