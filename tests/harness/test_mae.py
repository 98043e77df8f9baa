"""Mean absolute error and its interval."""

import numpy as np
import pytest

from tierbench.harness.errors import DataError
from tierbench.harness.mae import Mae

MAE = Mae()
RNG = np.random.default_rng(4)


def of(outputs, labels):
    return MAE.accuracy(MAE.keep(outputs, labels), labels)


def test_it_is_the_mean_distance() -> None:
    labels = RNG.normal(size=50)
    off = RNG.normal(size=50)
    found = of((labels + off)[:, None], labels)
    assert found.value == pytest.approx(np.abs(off).mean())
    assert (found.metric, found.n) == ("mae", 50)


def test_several_outputs_of_a_sample_count_once() -> None:
    labels = RNG.normal(size=(50, 2, 2))
    off = RNG.normal(size=(50, 1))
    found = of(labels.reshape(50, 4) + off, labels)
    alone = of(off, np.zeros(50))
    assert found.value == pytest.approx(alone.value)
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))


def test_the_interval_is_about_that_of_the_normal_mean() -> None:
    errors = RNG.exponential(size=2000)
    found = of(errors[:, None], np.zeros(2000))
    wide = 2 * 1.96 * errors.std() / 2000**0.5
    assert found.high - found.low == pytest.approx(wide, rel=0.1)
    assert found.low < found.value < found.high


def test_the_same_outputs_give_the_same_interval() -> None:
    errors = RNG.exponential(size=(40, 1))
    assert of(errors, np.zeros(40)) == of(errors, np.zeros(40))


def test_equal_errors_leave_no_doubt() -> None:
    found = of(np.full((40, 1), 3, np.int8), np.zeros(40))
    assert (found.low, found.value, found.high) == (3, 3, 3)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_outputs_that_are_no_numbers_are_refused(wrong) -> None:
    outputs = np.zeros((40, 1))
    outputs[5] = wrong
    with pytest.raises(DataError, match="outputs of sample 5 are not finite"):
        of(outputs, np.zeros(40))


@pytest.mark.parametrize(
    ("shape", "scores", "problem"),
    [
        ((40,), 2, "puts out 2 numbers for each sample, labels have 1"),
        ((40, 3), 1, "labels have 3"),
        ((19,), 1, "19 samples; 20 or more are valid"),
        ((20,), 1, None),
        ((40, 2, 2), 4, None),
        ((40, 2), None, None),
    ],
)
def test_what_cannot_be_judged_is_told(shape, scores, problem) -> None:
    found = MAE.problem(np.zeros(shape), scores)
    assert found is None if problem is None else problem in str(found)
