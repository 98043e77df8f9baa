"""Percentile intervals from resamples (Efron and Tibshirani 1993, 13.3).

Resamples come in chunks, so that memory stays bounded whatever the number of samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .statistics import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 1000
_CHUNK = 1 << 21
"""Numbers drawn at once."""


def draws(sizes: list[int], seed: int) -> Iterator[list[NDArray[np.int64]]]:
    """Yield chunks of resamples: for each stratum how often each sample is drawn.

    Every stratum keeps its size (Davison and Hinkley 1997, 3.2). All chunks together
    hold ``RESAMPLES`` rows.

    Args:
        sizes: samples in each stratum.
        seed: of the drawing.

    Yields:
        For each stratum counts of shape (rows, its size).
    """
    rng = np.random.default_rng(seed)
    rows = max(1, min(RESAMPLES, _CHUNK // max(1, sum(sizes))))
    for start in range(0, RESAMPLES, rows):
        count = min(rows, RESAMPLES - start)
        yield [_counts(rng, count, size) for size in sizes]


def percentile_interval(
    resampled: NDArray[np.float64], value: float, confidence: float = 0.95
) -> Interval:
    """Return the interval of a value from what its resamples gave; it holds the value.

    Args:
        resampled: Shape (resamples,).
        value: what the samples themselves gave.
        confidence: Nominal coverage.
    """
    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(
        low=min(float(low), value), high=max(float(high), value), confidence=confidence
    )


def _counts(rng: np.random.Generator, rows: int, size: int) -> NDArray[np.int64]:
    drawn: NDArray[Any] = rng.integers(size, size=(rows, size))
    drawn += size * np.arange(rows)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)
