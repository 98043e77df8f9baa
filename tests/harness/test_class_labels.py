import numpy as np
import pytest

from tierbench.harness.class_labels import class_problem


@pytest.mark.parametrize("scores", [3, 10, None])
def test_class_indices_below_the_number_of_scores_are_valid(scores):
    assert class_problem(np.array([0, 2, 1]), scores) is None


def test_two_classes_may_have_one_score():
    assert class_problem(np.array([0, 1]), 1) is None


def test_numbers_are_no_class_indices():
    problem = class_problem(np.array([0.5, 1.0]), 3)
    assert problem == "labels are numbers; class indices (integers) are valid"


def test_a_label_without_a_score_is_named():
    problem = class_problem(np.array([0, 3]), 3)
    assert problem is not None
    assert problem.startswith("label 3 with 3 scores")
