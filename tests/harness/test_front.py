"""Where contenders stand."""

import math

from tierbench.harness.front import Contender, State, bounds, states


def at(cost: float, error: float, half: float = 0.0, sha256: object = None):
    return Contender.of(
        sha256,
        bounds(cost, (cost - half, cost + half)),
        bounds(error, (error - half, error + half)),
    )


def test_the_three_states() -> None:
    found = states([at(1, 4, 0.5), at(4, 1, 0.5), at(4.6, 1.4, 0.5), at(9, 9, 0.5)])
    on, near, off = State.FRONT, State.WITHIN_NOISE, State.DOMINATED
    assert found == [on, on, near, off]


def test_bounds_turn_what_is_better_higher_round() -> None:
    assert bounds(2.0, (1.0, 3.0)) == (1.0, 2.0, 3.0)
    assert bounds(2.0, (1.0, 3.0), higher_is_better=True) == (-3.0, -2.0, -1.0)
    assert bounds(2.0, None) == (-math.inf, 2.0, math.inf)
    assert bounds(2.0, None, exact=True) == (2.0, 2.0, 2.0)


def test_one_files_accuracies_are_taken_as_they_are() -> None:
    pair = [at(1, 5, 0.5, "f"), at(3, 5.1, 0.5, "f")]
    assert states(pair) == [State.FRONT, State.DOMINATED]
    other = [at(1, 5, 0.5, "f"), at(3, 5.1, 0.5, "g")]
    assert states(other) == [State.FRONT, State.WITHIN_NOISE]
