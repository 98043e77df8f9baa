"""What a shift costs: the difference of two shares over the same samples."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from ...harness.statistics import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_Z95 = 1.959964


def paired_drop(
    before: NDArray[np.bool_], after: NDArray[np.bool_]
) -> tuple[float, Interval]:
    """Return by how much the share of right answers fell, with its 95 % interval.

    The interval is Wald's with Laplace's adjustment (D. G. Bonett and R. M. Price,
    "Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data", J. Educ. Behav. Stat. 37, 2012).

    Args:
        before: whether each sample was right, bool [n].
        after: the same samples.
    """
    lost = int((before & ~after).sum())
    won = int((~before & after).sum())
    n = len(before)
    p, q = (lost + 1) / (n + 2), (won + 1) / (n + 2)
    half = _Z95 * sqrt((p + q - (p - q) ** 2) / (n + 2))
    return (lost - won) / n, Interval(
        low=max(-1.0, p - q - half), high=min(1.0, p - q + half), confidence=0.95
    )
