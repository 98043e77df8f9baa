"""What is wrong with somebody's own data is told before any time is spent."""

import numpy as np
import pytest

from tierbench.models.own_checks import data_problems

CLASSES = ("a", "b")


def arrays(**changed):
    rng = np.random.default_rng(0)
    counts = {"training": 32, "calibration": 8, "evaluation": 5}
    found = {
        split: (
            rng.normal(size=(count, 4)).astype(np.float32),
            np.arange(count, dtype=np.int64) % 2,
        )
        for split, count in counts.items()
    }
    return found | changed


def problems(batch=32, **changed):
    return data_problems(arrays(**changed), CLASSES, batch)


def test_good_data_have_no_problems() -> None:
    assert problems() == []


def pair(count=32, **changed):
    inputs, labels = (array[:count] for array in arrays()["training"])
    return changed.get("inputs", inputs), changed.get("labels", labels)


HOLED = pair()[0].copy()
HOLED[3, 1] = np.nan


@pytest.mark.parametrize(
    ("training", "told"),
    [
        (pair(count=31), "training has 31 samples; give 32 (a batch) at least"),
        (pair(inputs=pair()[0].astype(float)), "training inputs are 'float64'"),
        (pair(inputs=[1, 2]), "training inputs are 'list'"),
        (pair(inputs=pair()[0][:, 0]), "training inputs have the shape (32,)"),
        (pair(inputs=HOLED), "inputs: 1 samples hold NaN or infinity"),
        (pair(labels=np.arange(32) % 3), "training labels hold 2; valid are 0 to 1"),
        (pair(labels=np.arange(32) - 1), "training labels hold -1, 2, 3, 4, 5;"),
        (pair(labels=np.zeros(31, np.int64)), "labels have the shape (31,)"),
        (pair(labels=np.zeros(32)), "training labels are 'float64'"),
        (pair()[0], "training: ndarray; give (inputs, labels)"),
        (pair(inputs=np.ones((32, 5), np.float32)), "give one in all splits"),
    ],
)
def test_each_mistake_is_named(training, told) -> None:
    assert any(told in one for one in problems(training=training))


def test_all_mistakes_are_told_at_once() -> None:
    found = problems(
        training=pair(count=3),
        calibration=pair(count=7),
        evaluation=pair(labels=np.full(32, 9)),
    )
    assert found == [
        "training has 3 samples; give 32 (a batch) at least",
        "calibration has 7 samples; give 8 at least",
        "evaluation labels hold 9; valid are 0 to 1, the classes",
    ]


@pytest.mark.parametrize("split", ["training", "calibration"])
def test_samples_must_not_be_judged_on_that_were_learnt_from(split) -> None:
    good = arrays()
    inputs = good[split][0].copy()
    inputs[:2] = good["evaluation"][0][:2]
    (told,) = problems(**{split: (inputs, good[split][1])})
    assert f"2 evaluation samples are also among those for {split}" in told


@pytest.mark.parametrize("value", [None, {}, {"training": 1}, [1, 2, 3]])
def test_what_is_no_data_is_refused(value) -> None:
    (told,) = data_problems(value, CLASSES, 32)
    assert "give a dictionary of training, calibration, evaluation" in told
