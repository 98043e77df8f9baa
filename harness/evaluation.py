"""Accuracy on the target's own runtime, of the very artifact that is timed."""

from __future__ import annotations

from collections.abc import Sequence

from .data import batch_of, fitted, top1
from .errors import DataError
from .model import Data
from .statistics import wilson
from .values import Accuracy, TensorSpec
from .worker import Worker


def evaluate(
    worker: Worker, data: Data, specs: Sequence[TensorSpec], batch: int
) -> Accuracy:
    """Run all of the data through a worker and judge its first output.

    The last batch is filled up with repeated samples, which are not counted.

    Raises:
        DataError: no labels, or outputs that are no class scores.
        CaseError: the runtime refused a batch.
    """
    if data.labels is None or data.metric != "top1":
        raise DataError(f"data {data.name!r} has no labels to judge outputs by")
    named = fitted(data, specs)
    correct = 0
    for start in range(0, data.n, batch):
        outputs = worker.evaluate(batch_of(named, start, batch, specs))
        if not outputs:
            raise DataError("the target computes no outputs")
        labels = data.labels[start : start + batch]
        correct += top1(outputs[0][: len(labels)], labels)[0]
    interval = wilson(correct, data.n)
    return Accuracy(
        metric=data.metric,
        value=correct / data.n,
        low=interval.low,
        high=interval.high,
        n=data.n,
    )
