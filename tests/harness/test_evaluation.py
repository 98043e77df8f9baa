"""Accuracy through a worker, batch by batch."""

import numpy as np
import pytest

from tierbench.harness.errors import CaseError, DataError
from tierbench.harness.evaluation import evaluate
from tierbench.harness.model import Data
from tierbench.harness.outcomes import unpack_outcomes
from tierbench.harness.statistics import wilson
from tierbench.harness.values import TensorSpec

OUT = TensorSpec(name="y", dtype="float32", shape=(-1, 3))
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
    found = evaluate(worker, data(20, wrong=5), [SPEC], [OUT], batch)
    assert (found.value, found.n, found.metric) == (0.75, 20, "top1")
    interval = wilson(15, 20)
    assert (found.low, found.high) == (interval.low, interval.high)
    assert set(worker.batches) == {batch}
    assert len(worker.batches) == -(-20 // batch)


def test_the_only_array_fits_the_only_input_whatever_its_name() -> None:
    found = evaluate(Echo(), data(6, name="input:0"), [SPEC], [OUT], 2)
    assert found.value == 1.0


@pytest.mark.parametrize("changes", [{"labels": None}, {"metric": None}])
def test_without_labels_there_is_nothing_to_judge_by(changes) -> None:
    with pytest.raises(DataError, match="'d' has no labels"):
        evaluate(Echo(), data(6, **changes), [SPEC], [OUT], 2)


def test_a_target_that_computes_nothing_has_no_accuracy() -> None:
    with pytest.raises(DataError, match="computes no outputs"):
        evaluate(Echo(outputs=0), data(6), [SPEC], [OUT], 2)


def test_a_refused_batch_is_the_cases_failure() -> None:
    worker = Echo()

    def refuse(_):
        raise CaseError("no")

    worker.evaluate = refuse
    with pytest.raises(CaseError, match="no"):
        evaluate(worker, data(6), [SPEC], [OUT], 2)


def test_only_what_is_within_the_batch_counts() -> None:
    found = evaluate(Echo(), data(7, wrong=1, metric="top2"), [SPEC], [OUT], 4)
    assert (found.metric, found.n) == ("top2", 7)


def test_labels_that_the_metric_cannot_judge_are_the_reason() -> None:
    with pytest.raises(DataError, match="top3: the model puts out 3 scores"):
        evaluate(Echo(), data(6, metric="top3"), [SPEC], [OUT], 2)
    with pytest.raises(DataError, match="metric 'f1' is unknown; valid: top1"):
        evaluate(Echo(), data(6, metric="f1"), [SPEC], [OUT], 2)


@pytest.mark.parametrize("scale", [0.5, None])
def test_stored_outputs_are_judged_as_real_values(scale) -> None:
    stored = np.arange(40, dtype=np.int8)[:, None]
    wanted = TensorSpec(name="x", dtype="int8", shape=(-1, 1))
    made = TensorSpec(
        name="y", dtype="int8", shape=(-1, 1), scale=scale, zero_point=scale and 10
    )
    real = (stored - 10.0) * 0.5 if scale else stored.astype(float)
    regression = Data(
        name="d", inputs={"x": stored}, labels=real + 0.25, metric="mae", sha256=""
    )
    found = evaluate(Echo(), regression, [wanted], [made], 8)
    assert (found.metric, found.value, found.n) == ("mae", 0.25, 40)


def test_floats_of_a_quantised_model_are_taken_as_they_are() -> None:
    """A runtime may hand out real values where the file declares stored ones."""
    made = TensorSpec(name="y", dtype="int8", shape=(-1, 3), scale=2.0, zero_point=0)
    labels = np.eye(3)[np.arange(30) % 3]
    regression = data(30, labels=labels, metric="mae")
    assert evaluate(Echo(), regression, [SPEC], [made], 8).value == 0


@pytest.mark.parametrize("shape", [(), (1, 3)])
def test_outputs_without_a_row_for_each_sample_are_refused(shape) -> None:
    worker = Echo()
    worker.evaluate = lambda _: (np.zeros(shape, np.float32),)
    with pytest.raises(DataError, match="one row of scores for each label"):
        evaluate(worker, data(6), [SPEC], [OUT], 2)


def test_outputs_of_varying_length_are_refused() -> None:
    worker, lengths = Echo(), iter((3, 4))
    worker.evaluate = lambda _: (np.zeros((2, next(lengths)), np.float32),)
    with pytest.raises(DataError, match="differs from batch to batch"):
        evaluate(worker, data(6), [SPEC], [OUT], 2)


@pytest.mark.parametrize("batch", [1, 7, 20])
def test_each_sample_has_its_outcome_in_order(batch: int) -> None:
    found = evaluate(Echo(), data(20, wrong=5), [SPEC], [OUT], batch)
    assert unpack_outcomes(found.outcomes).tolist() == [0.0] * 5 + [1.0] * 15


def test_an_error_is_kept_for_each_sample() -> None:
    labels = np.eye(3)[np.arange(30) % 3] + np.arange(30)[:, None]
    found = evaluate(Echo(), data(30, labels=labels, metric="mae"), [SPEC], [OUT], 8)
    assert unpack_outcomes(found.outcomes).tolist() == list(range(30))


def test_scores_of_an_area_are_no_outcomes() -> None:
    found = evaluate(Echo(), data(60, wrong=5, metric="auc"), [SPEC], [OUT], 8)
    assert (found.metric, found.outcomes) == ("auc", None)
