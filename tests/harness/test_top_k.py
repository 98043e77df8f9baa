"""Top-k accuracy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierbench.harness.statistics import wilson
from tierbench.harness.top_k import TopK

TOP1, TOP2 = TopK(k=1), TopK(k=2)


def test_the_label_is_among_the_k_highest_scores() -> None:
    scores = np.array([[0.1, 0.5, 0.4], [0.8, 0.1, 0.2], [0.3, 0.2, 0.1]])
    labels = np.array([1, 1, 1])
    assert TOP1.keep(scores, labels).tolist() == [True, False, False]
    assert TOP2.keep(scores, labels).tolist() == [True, False, True]
    assert TOP2.keep((scores * 100).astype(np.int8), labels).tolist() == [
        True,
        False,
        True,
    ]


def test_a_score_that_is_no_number_is_never_right() -> None:
    scores = np.array([[np.nan, 0.9], [0.2, 0.8]])
    assert TOP1.keep(scores, np.array([1, 1])).tolist() == [False, True]


@settings(deadline=None, derandomize=True)
@given(
    rows=st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1),
    k=st.integers(1, 3),
)
def test_equal_scores_stand_in_the_order_of_their_indices(rows, k) -> None:
    scores = np.array(rows)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    for label in range(4):
        labels = np.full(len(scores), label)
        kept = TopK(k=k).keep(scores, labels)
        assert kept.tolist() == (order == label).any(axis=1).tolist()
    first = scores.argmax(axis=1)
    assert TOP1.keep(scores, first).all()


def test_the_interval_is_wilsons() -> None:
    kept, interval = np.arange(20) < 15, wilson(15, 20)
    found = TOP2.accuracy(kept, np.zeros(20, int))
    assert (found.metric, found.value, found.n) == ("top2", 0.75, 20)
    assert (found.low, found.high) == (interval.low, interval.high)


@pytest.mark.parametrize(
    ("labels", "scores", "problem"),
    [
        ([0.5, 1.0], None, "labels are numbers; class indices"),
        ([0, 2], 2, "label 2 with 2 scores for each sample"),
        ([0, 1], 1, "puts out 1 scores for each sample; more than 2 are valid"),
        ([0, 1], 2, "more than 2 are valid"),
        ([0, 1], 3, None),
        ([0, 9], None, None),
    ],
)
def test_what_cannot_be_judged_is_told(labels, scores, problem) -> None:
    found = TOP2.problem(np.array(labels), scores)
    assert found is None if problem is None else problem in str(found)
