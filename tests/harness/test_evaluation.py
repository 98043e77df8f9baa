"""Accuracy through a worker, batch by batch."""

import numpy as np
import pytest

from tierbench.harness.errors import CaseError, DataError
from tierbench.harness.evaluation import evaluate
from tierbench.harness.model import Data
from tierbench.harness.statistics import wilson
from tierbench.harness.values import TensorSpec

SPEC = TensorSpec(name="x", dtype="float32", shape=(-1, 3))


class Echo:
    """A worker that returns its input as scores and notes each batch."""

    def __init__(self, outputs: int = 1) -> None:
        self.batches: list[int] = []
        self._outputs = outputs

    def evaluate(self, inputs):
        (array,) = inputs.values()
        self.batches.append(len(array))
        assert list(inputs) == [SPEC.name]
        return (array,) * self._outputs


def data(n: int, wrong: int = 0, name: str = "x", **changes) -> Data:
    """Return scores whose largest is the label, except for the first ``wrong``."""
    labels = np.arange(n) % 3
    scores = np.eye(3, dtype=np.float32)[labels]
    scores[:wrong] = np.roll(scores[:wrong], 1, axis=1)
    fields = {"labels": labels, "metric": "top1", **changes}
    return Data(name="d", inputs={name: scores}, sha256="", **fields)


@pytest.mark.parametrize("batch", [1, 3, 7, 8, 20])
def test_every_sample_counts_once_whatever_the_batch(batch: int) -> None:
    worker = Echo()
    found = evaluate(worker, data(20, wrong=5), [SPEC], batch)
    assert (found.value, found.n, found.metric) == (0.75, 20, "top1")
    interval = wilson(15, 20)
    assert (found.low, found.high) == (interval.low, interval.high)
    assert set(worker.batches) == {batch}
    assert len(worker.batches) == -(-20 // batch)


def test_the_only_array_fits_the_only_input_whatever_its_name() -> None:
    found = evaluate(Echo(), data(6, name="input:0"), [SPEC], 2)
    assert found.value == 1.0


@pytest.mark.parametrize("changes", [{"labels": None}, {"metric": None}])
def test_without_labels_there_is_nothing_to_judge_by(changes) -> None:
    with pytest.raises(DataError, match="'d' has no labels"):
        evaluate(Echo(), data(6, **changes), [SPEC], 2)


def test_a_target_that_computes_nothing_has_no_accuracy() -> None:
    with pytest.raises(DataError, match="computes no outputs"):
        evaluate(Echo(outputs=0), data(6), [SPEC], 2)


def test_a_refused_batch_is_the_cases_failure() -> None:
    worker = Echo()

    def refuse(_):
        raise CaseError("no")

    worker.evaluate = refuse
    with pytest.raises(CaseError, match="no"):
        evaluate(worker, data(6), [SPEC], 2)
