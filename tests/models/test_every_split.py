"""What holds for the data of every reference model that ships."""

import numpy as np
import pytest

SPLITS = ("calibration", "evaluation", "training")


@pytest.mark.parametrize(
    "split",
    ["calibration", "evaluation", pytest.param("training", marks=pytest.mark.real)],
)
def test_samples_are_the_recorded_ones(reference, split):
    recorded = reference.lineage["data"][split]["sha256"]
    assert reference.drawn(split).sha256 == recorded


def test_a_sample_depends_on_its_own_number_alone(reference):
    alone = reference.data.sample("evaluation", 21)
    together = reference.evaluation.inputs["input"][21]
    np.testing.assert_array_equal(reference.data.as_input(alone[None])[0], together)


def test_evaluation_shares_no_sample_with_calibration_or_itself(reference):
    evaluation = reference.drawn("evaluation").samples
    calibration = reference.drawn("calibration").samples
    assert len(evaluation) == reference.data.splits["evaluation"].samples
    assert len(calibration) == reference.data.splits["calibration"].samples
    assert not evaluation & calibration


@pytest.mark.real
def test_training_shares_no_sample_with_another_split(reference):
    training = reference.drawn("training").samples
    assert len(training) == reference.data.splits["training"].samples
    assert not training & reference.drawn("evaluation").samples
    assert not training & reference.drawn("calibration").samples


def test_splits_have_seeds_of_their_own(reference):
    assert sorted(reference.data.splits) == list(SPLITS)
    assert len({split.seed for split in reference.data.splits.values()}) == 3


@pytest.mark.parametrize("split", SPLITS)
def test_classes_are_balanced(reference, split):
    labels = reference.data.labels(split)
    samples = reference.data.splits[split].samples
    assert (labels.dtype, labels.shape) == (np.int64, (samples,))
    counts = np.bincount(labels, minlength=len(reference.data.classes))
    assert len(counts) == len(reference.data.classes)
    assert counts.max() - counts.min() <= 1
