"""Top-k accuracy: how often the label is among the k highest scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .class_labels import class_problem
from .statistics import wilson
from .values import Accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TopK:
    """The share of samples whose label is among the ``k`` highest scores.

    Of equal scores the one of the lower index counts as higher, as argmax has it. A
    sample with a score that is no number counts as wrong.
    """

    k: int

    @property
    def name(self) -> str:
        """Return ``top1``, ``top5`` and so on."""
        return f"top{self.k}"

    def problem(self, labels: NDArray[Any], scores: int | None) -> str | None:
        """Return why these labels cannot be judged so, or None if they can."""
        if problem := class_problem(labels, scores):
            return problem
        if scores is not None and scores <= self.k:
            return (
                f"the model puts out {scores} scores for each sample; more than "
                f"{self.k} are valid"
            )
        return None

    def keep(self, outputs: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
        """Return for each sample whether it is right: bool [batch]."""
        own = np.take_along_axis(outputs, labels[:, None], axis=1)
        index = np.arange(outputs.shape[1])
        before = (outputs > own) | ((outputs == own) & (index < labels[:, None]))
        right = before.sum(axis=1) < self.k
        if outputs.dtype.kind == "f":
            right &= ~np.isnan(outputs).any(axis=1)
        return np.asarray(right)

    def accuracy(self, kept: NDArray[Any], labels: NDArray[Any]) -> Accuracy:
        """Return the share that is right with Wilson's interval."""
        n, correct = len(kept), int(kept.sum())
        interval = wilson(correct, n)
        return Accuracy(
            metric=self.name,
            value=correct / n,
            low=interval.low,
            high=interval.high,
            n=n,
        )
