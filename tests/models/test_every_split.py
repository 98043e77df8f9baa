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


def test_evaluation_shares_no_sample_with_calibration_or_itself(reference):
    evaluation = reference.drawn("evaluation").samples
    calibration = reference.drawn("calibration").samples
    assert len(evaluation) == reference.data.SPLITS["evaluation"].samples
    assert len(calibration) == reference.data.SPLITS["calibration"].samples
    assert not evaluation & calibration


@pytest.mark.real
def test_training_shares_no_sample_with_another_split(reference):
    training = reference.drawn("training").samples
    assert len(training) == reference.data.SPLITS["training"].samples
    assert not training & reference.drawn("evaluation").samples
    assert not training & reference.drawn("calibration").samples


def test_splits_have_seeds_of_their_own(reference):
    assert sorted(reference.data.SPLITS) == list(SPLITS)
    assert len({split.seed for split in reference.data.SPLITS.values()}) == 3


@pytest.mark.parametrize("name", SPLITS)
def test_classes_are_balanced(reference, name):
    split = reference.data.SPLITS[name]
    labels = reference.data.labels(split)
    assert (labels.dtype, labels.shape) == (np.int64, (split.samples,))
    counts = np.bincount(labels, minlength=len(reference.data.CLASSES))
    assert len(counts) == len(reference.data.CLASSES)
    assert counts.max() - counts.min() <= 1
