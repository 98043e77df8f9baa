"""The area under the curve, its ties, its classes and its interval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierbench.harness.auc import Auc
from tierbench.harness.errors import DataError
from tierbench.harness.statistics import wilson

AUC = Auc()
RNG = np.random.default_rng(3)
HALVES = np.arange(40) % 2


def area(scores, labels) -> float:
    """Return the share of pairs that stand in the right order, ties one half."""
    own, rest = scores[labels == 1], scores[labels == 0]
    above = (own[:, None] > rest).mean()
    return float(above + (own[:, None] == rest).mean() / 2)


def of(outputs, labels):
    return AUC.accuracy(AUC.keep(outputs, labels), labels)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(scores=st.lists(st.integers(-3, 3), min_size=40, max_size=40))
def test_it_is_the_share_of_pairs_in_order_with_ties_at_half(scores) -> None:
    outputs = np.array(scores, np.int8)[:, None]
    found = of(outputs, HALVES)
    assert found.value == pytest.approx(area(outputs[:, 0], HALVES))
    assert found.low <= found.value <= found.high
    assert (found.metric, found.n) == ("auc", 40)


def test_two_scores_are_judged_by_that_of_class_1() -> None:
    outputs = RNG.random((40, 2))
    assert of(outputs, HALVES) == of(outputs[:, 1:], HALVES)


def test_more_classes_are_the_mean_of_one_against_the_rest() -> None:
    labels = np.repeat([0, 1, 2], [10, 20, 30])
    outputs = RNG.random((60, 3)) + 0.5 * np.eye(3)[labels]
    parts = [area(outputs[:, c], (labels == c).astype(int)) for c in range(3)]
    found = of(outputs, labels)
    assert found.value == pytest.approx(np.mean(parts))
    assert 0 < found.low < found.value < found.high < 1


def test_it_stays_under_any_rising_function_of_the_scores() -> None:
    outputs = RNG.normal(size=(40, 1)) + HALVES[:, None]
    assert of(outputs, HALVES) == of(np.exp(3 * outputs), HALVES)


def test_the_interval_is_about_that_of_delong() -> None:
    """DeLong et al. 1988: the variance of both classes' placements."""
    labels = np.arange(600) % 2
    scores = RNG.normal(size=600) + 1.2 * labels
    own, rest = scores[labels == 1], scores[labels == 0]
    wins = own[:, None] > rest
    variance = wins.mean(axis=1).var() / 300 + wins.mean(axis=0).var() / 300
    found = of(scores[:, None], labels)
    assert found.high - found.low == pytest.approx(2 * 1.96 * variance**0.5, rel=0.1)


@pytest.mark.parametrize("sign", [1, -1])
def test_classes_parted_without_error_have_an_interval_all_the_same(sign) -> None:
    found = of(sign * HALVES[:, None].astype(float), HALVES)
    interval = wilson(20 if sign > 0 else 0, 20)
    assert found.value == (1.0 if sign > 0 else 0.0)
    assert (found.low, found.high) == (interval.low, interval.high)


def test_a_score_that_is_no_number_is_refused() -> None:
    outputs = RNG.random((40, 1))
    outputs[7] = np.nan
    with pytest.raises(DataError, match="a score of sample 7 is no number"):
        of(outputs, HALVES)


@pytest.mark.parametrize(
    ("labels", "scores", "problem"),
    [
        (np.zeros(40), 1, "class indices"),
        (HALVES * 2, 2, "label 2 with 2 scores"),
        (HALVES, 3, "class 2 is the label of 0 samples; 10 or more of every class"),
        (np.zeros(40, int), 1, "class 1 is the label of 0 samples"),
        (np.zeros(40, int), None, "all labels are the same"),
        (np.array([0, 2**60]), None, None),
        (HALVES[:18], 2, "class 0 is the label of 9 samples"),
        (HALVES, 1, None),
        (HALVES, 2, None),
        (HALVES, None, None),
        (np.arange(40) % 3, 3, None),
    ],
)
def test_what_cannot_be_judged_is_told(labels, scores, problem) -> None:
    found = AUC.problem(labels, scores)
    assert found is None if problem is None else problem in str(found)
