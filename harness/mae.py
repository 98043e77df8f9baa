"""Mean absolute error of a regression's outputs."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from .bootstrap import draws, percentile_interval
from .errors import DataError
from .values import Accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES_MIN = 20
"""Fewer resample into intervals that hold the truth in under nine of ten runs."""

_SEED = 0


class Mae:
    """The mean over samples of |output - label|, in the label's unit.

    Where a sample has several outputs, their mean is the sample's error.
    """

    name = "mae"

    def problem(self, labels: NDArray[Any], scores: int | None) -> str | None:
        """Return why these labels cannot be judged so, or None if they can."""
        wanted = prod(labels.shape[1:])
        if scores is not None and scores != wanted:
            return (
                f"the model puts out {scores} numbers for each sample, labels have "
                f"{wanted}; as many are valid"
            )
        if len(labels) < SAMPLES_MIN:
            return f"{len(labels)} samples; {SAMPLES_MIN} or more are valid"
        return None

    def keep(self, outputs: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
        """Return each sample's error: float64 [batch]."""
        wanted = labels.reshape(len(labels), -1)
        error = np.abs(outputs.astype(np.float64) - wanted).mean(axis=1)
        return np.asarray(error)

    def accuracy(self, kept: NDArray[Any], labels: NDArray[Any]) -> Accuracy:
        """Return the mean error with the bootstrap's percentile interval.

        Raises:
            DataError: an output is no finite number.
        """
        if not np.isfinite(kept).all():
            raise DataError(
                f"mae: the outputs of sample {int(np.argmin(np.isfinite(kept)))} are "
                "not finite; export the model again"
            )
        n, value = len(kept), float(kept.mean())
        means = [counts @ kept / n for (counts,) in draws([n], _SEED)]
        interval = percentile_interval(np.concatenate(means), value)
        return Accuracy(
            metric=self.name, value=value, low=interval.low, high=interval.high, n=n
        )
