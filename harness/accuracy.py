"""The metrics of accuracy by name: what a model's outputs are worth against labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from .errors import DataError
from .values import Accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRICS = ("top1", "top5", "auc", "mae")
"""The metrics that people ask for most; any ``top<k>`` is one."""

LOWER_IS_BETTER = frozenset({"mae"})
"""The metrics that are errors: the smaller, the better."""

_TOP_K = re.compile(r"top([1-9][0-9]{0,3})")


class Metric(Protocol):
    """A way to judge outputs; only what it keeps of each batch stays in memory."""

    @property
    def name(self) -> str:
        """Return the name by which a sweep file asks for it."""
        ...

    def problem(self, labels: NDArray[Any], scores: int | None) -> str | None:
        """Return why these labels cannot be judged so, or None if they can.

        Args:
            labels: int64 [n] class indices or float64 [n, ...] numbers.
            scores: how many numbers the model puts out for one sample; None where
                that is not known yet.
        """
        ...

    def keep(self, outputs: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
        """Return what is kept of a batch, first axis the sample.

        Args:
            outputs: [batch, scores].
            labels: of the same samples.
        """
        ...

    def accuracy(self, kept: NDArray[Any], labels: NDArray[Any]) -> Accuracy:
        """Return the value over all samples with its 95 % interval.

        Raises:
            DataError: outputs that are no numbers, or too few samples.
        """
        ...


def is_metric(name: str) -> bool:
    """Return whether a metric of this name exists."""
    return name in METRICS or _TOP_K.fullmatch(name) is not None


def find_metric(name: str) -> Metric:
    """Return the metric of this name.

    Raises:
        DataError: there is none.
    """
    if top := _TOP_K.fullmatch(name):
        from .top_k import TopK

        return TopK(k=int(top[1]))
    if name == "auc":
        from .auc import Auc

        return Auc()
    if name == "mae":
        from .mae import Mae

        return Mae()
    raise DataError(f"metric {name!r} is unknown; valid: {', '.join(METRICS)}")


def default_metric(labels: NDArray[Any] | None) -> str | None:
    """Return the metric of labels for which none is asked for, None without labels."""
    if labels is None:
        return None
    return "mae" if labels.dtype.kind == "f" else "top1"
