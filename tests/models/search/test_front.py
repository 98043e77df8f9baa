import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.models.search.front import (
    front,
    hypervolume,
    over_trials,
    reference_point,
)

WORST = (0.5, 2.0)
POINTS = st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 3)), max_size=12)


def test_hypervolume_is_the_share_of_the_box_that_is_dominated():
    assert hypervolume([], WORST) == 0
    assert hypervolume([(0.25, 1.0)], WORST) == pytest.approx(0.25)
    assert hypervolume([(0.25, 1.0), (0.0, 1.5)], WORST) == pytest.approx(0.375)
    assert hypervolume([(0.0, 0.0)], WORST) == pytest.approx(1)


@pytest.mark.parametrize("useless", [(0.5, 0.1), (0.1, 2.0), (0.9, 3.0)])
def test_what_is_no_better_than_the_worst_adds_nothing(useless):
    assert hypervolume([useless], WORST) == 0
    assert hypervolume([(0.25, 1.0), useless], WORST) == pytest.approx(0.25)


def test_a_trial_without_a_latency_leaves_it():
    assert over_trials([None, (0.25, 1.0), None], WORST) == pytest.approx(
        [0, 0.25, 0.25]
    )


def test_a_guess_is_the_worst_error():
    assert reference_point(4) == (0.75, 1.5)


@given(POINTS)
def test_it_never_falls(points):
    found = over_trials(points, WORST)
    assert all(b >= a - 1e-12 for a, b in itertools.pairwise(found))
    assert all(0 <= volume <= 1 + 1e-12 for volume in found)


@given(POINTS)
def test_the_front_is_what_nothing_beats(points):
    on_it = front(points)
    for index, (error, ratio) in enumerate(points):
        beaten = any(
            a <= error and b <= ratio and (a, b) != (error, ratio) for a, b in points
        )
        assert (points[index] in [points[i] for i in on_it]) is not beaten
    assert [points[i][1] for i in on_it] == sorted(points[i][1] for i in on_it)
    assert len({points[i] for i in on_it}) == len(on_it)


def test_the_front_of_nothing():
    assert front([]) == front([None]) == []
