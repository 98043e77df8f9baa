"""Accuracy on the target's own runtime, of the very artifact that is timed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .accuracy import find_metric
from .data import batch_of, dequantise, fitted
from .errors import DataError
from .model import Data
from .outcomes import pack_outcomes
from .values import Accuracy, TensorSpec
from .worker import Worker

if TYPE_CHECKING:
    from numpy.typing import NDArray


def evaluate(
    worker: Worker,
    data: Data,
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    batch: int,
) -> Accuracy:
    """Run all of the data through a worker and judge its first output.

    The last batch is filled up with repeated samples, which are not counted. Each
    sample's outcome is kept with the accuracy.

    Args:
        worker: with the model loaded.
        data: what to run.
        inputs: as the runtime sees them.
        outputs: as the model file declares them, in the worker's order; the first
            one's scale turns stored into real values.
        batch: samples in a call.

    Raises:
        DataError: no labels, or outputs that the metric cannot judge.
        CaseError: the runtime refused a batch.
    """
    if data.labels is None or data.metric is None:
        raise DataError(f"data {data.name!r} has no labels to judge outputs by")
    metric = find_metric(data.metric)
    named = fitted(data, inputs)
    kept: list[NDArray[Any]] = []
    width = 0
    for start in range(0, data.n, batch):
        labels = data.labels[start : start + batch]
        found = worker.evaluate(batch_of(named, start, batch, inputs))
        scores = _scores(found, outputs, len(labels))
        if start and scores.shape[1] != width:
            raise DataError("the number of outputs differs from batch to batch")
        width = scores.shape[1]
        if not start and (problem := metric.problem(data.labels, width)):
            raise DataError(f"{metric.name}: {problem}")
        kept.append(metric.keep(scores, labels))
    every = np.concatenate(kept)
    accuracy = metric.accuracy(every, data.labels)
    # One number a sample is its outcome; scores of several classes are none.
    if every.ndim > 1:
        return accuracy
    return replace(accuracy, outcomes=pack_outcomes(every))


def _scores(
    found: Sequence[NDArray[Any]], outputs: Sequence[TensorSpec], n: int
) -> NDArray[Any]:
    """Return the real values of the first output: [n, scores]."""
    if not found:
        raise DataError("the target computes no outputs")
    first = found[0]
    if first.ndim == 0 or len(first) < n:
        raise DataError(
            f"outputs of shape {first.shape!r} for {n} labels; one row of scores for "
            "each label is valid"
        )
    rows = first[:n].reshape(n, -1)
    if outputs and outputs[0].scale is not None and rows.dtype.name == outputs[0].dtype:
        return dequantise(rows, outputs[0])
    return rows
