"""Area under the receiver operating characteristic, from ranks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .bootstrap import draws, percentile_interval
from .class_labels import class_problem
from .errors import DataError
from .statistics import wilson
from .values import Accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASS_SAMPLES_MIN = 10
"""Samples that each class needs: fewer resample into intervals far too narrow."""

_SEED = 0


class Auc:
    """The chance that a sample of the class scores above one of the others.

    It is Mann and Whitney's statistic (1947) over the number of pairs, a tie counting
    one half (Hanley and McNeil 1982). Two classes are judged by the score of class 1,
    or by the only score; more of them one against the rest, and the mean over classes
    is taken, each counting the same.
    """

    name = "auc"

    def problem(self, labels: NDArray[Any], scores: int | None) -> str | None:
        """Return why these labels cannot be judged so, or None if they can."""
        if problem := class_problem(labels, scores):
            return problem
        if scores is None:
            few = len(np.unique(labels)) < 2
            return (
                "all labels are the same; two classes or more are valid"
                if few
                else None
            )
        counts = np.bincount(labels, minlength=max(scores, 2))
        rarest = int(counts.argmin())
        if counts[rarest] < CLASS_SAMPLES_MIN:
            return (
                f"class {rarest} is the label of {int(counts[rarest])} samples; "
                f"{CLASS_SAMPLES_MIN} or more of every class are valid"
            )
        return None

    def keep(self, outputs: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
        """Return the scores that count: [batch, 1] for two classes, else all."""
        return outputs[:, 1:] if outputs.shape[1] == 2 else outputs

    def accuracy(self, kept: NDArray[Any], labels: NDArray[Any]) -> Accuracy:
        """Return the area with the stratified bootstrap's percentile interval.

        Every class keeps its number of samples in each resample. Classes that are
        parted without a single error give the same in every resample; there the
        interval is Wilson's for as many pairs as the rarest class has samples, which
        is cautious: the pairs that count are more.

        Raises:
            DataError: a score is no number.
        """
        if kept.dtype.kind == "f" and np.isnan(kept).any():
            wrong = int(np.argmax(np.isnan(kept).any(axis=1)))
            raise DataError(
                f"auc: a score of sample {wrong} is no number; export the model again"
            )
        strata = [np.flatnonzero(labels == c) for c in range(int(labels.max()) + 1)]
        parts = (
            [_Ranks.of(kept[:, 0], strata, 1)]
            if kept.shape[1] == 1
            else [_Ranks.of(kept[:, c], strata, c) for c in range(len(strata))]
        )
        sizes = [len(stratum) for stratum in strata]
        value = float(np.mean([part.area for part in parts]))
        if value in (0.0, 1.0):
            interval = wilson(round(value) * min(sizes), min(sizes))
        else:
            areas = [
                np.mean([part.areas(counts) for part in parts], axis=0)
                for counts in draws(sizes, _SEED)
            ]
            interval = percentile_interval(np.concatenate(areas), value)
        return Accuracy(
            metric=self.name,
            value=value,
            low=interval.low,
            high=interval.high,
            n=len(kept),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ranks:
    """Where one class' scores stand among the sorted scores of all others.

    ``below`` and ``upto`` count, for each sample of the class, the others that score
    less, and less or the same; ``order`` sorts the others.
    """

    chosen: int
    order: NDArray[np.int64]
    below: NDArray[np.int64]
    upto: NDArray[np.int64]

    @classmethod
    def of(
        cls, scores: NDArray[Any], strata: list[NDArray[np.int64]], chosen: int
    ) -> _Ranks:
        others = [stratum for c, stratum in enumerate(strata) if c != chosen]
        rest = scores[np.concatenate(others)]
        order = np.argsort(rest, kind="stable")
        own, rest = scores[strata[chosen]], rest[order]
        return cls(
            chosen=chosen,
            order=order,
            below=np.searchsorted(rest, own, side="left"),
            upto=np.searchsorted(rest, own, side="right"),
        )

    @property
    def area(self) -> float:
        """Return the class' area under the curve."""
        pairs = len(self.below) * len(self.order)
        return float((self.below.sum() + self.upto.sum()) / (2 * pairs))

    def areas(self, counts: list[NDArray[np.int64]]) -> NDArray[np.float64]:
        """Return the area in each resample, given how often each sample is drawn."""
        others = [drawn for c, drawn in enumerate(counts) if c != self.chosen]
        rest = others[0] if len(others) == 1 else np.concatenate(others, axis=1)
        reached = np.zeros((len(rest), len(self.order) + 1), np.int64)
        np.cumsum(rest[:, self.order], axis=1, out=reached[:, 1:])
        halves = reached[:, self.below] + reached[:, self.upto]
        won = np.einsum("ri,ri->r", counts[self.chosen], halves)
        return np.asarray(won / (2 * len(self.below) * len(self.order)))
