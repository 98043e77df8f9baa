"""Each sample's outcome, packed and back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.harness.errors import StoreError
from tierbench.harness.outcomes import ERROR, RIGHT, pack_outcomes, unpack_outcomes
from tierbench.harness.plain import from_plain, parse_json, to_json
from tierbench.harness.values import Accuracy, Outcomes


@given(st.lists(st.booleans()))
def test_right_and_wrong_come_back_whatever_their_number(values) -> None:
    packed = pack_outcomes(np.array(values, dtype=bool))
    assert (packed.kind, packed.n) == (RIGHT, len(values))
    assert unpack_outcomes(packed).tolist() == [float(value) for value in values]


@given(st.lists(st.floats(allow_nan=False)))
def test_errors_come_back_to_the_last_bit(values) -> None:
    packed = pack_outcomes(np.array(values, dtype=np.float64))
    assert (packed.kind, packed.n) == (ERROR, len(values))
    assert unpack_outcomes(packed).tobytes() == np.array(values, "<f8").tobytes()


def test_right_and_wrong_take_a_bit_each_and_little_where_most_are_right() -> None:
    rng = np.random.default_rng(0)
    coins = pack_outcomes(rng.random(8000) < 0.5)
    assert len(coins.data) < 8000 / 8 * 4 / 3 + 40
    assert len(pack_outcomes(rng.random(8000) < 0.99).data) < 500


def test_they_travel_with_an_accuracy_as_json() -> None:
    packed = pack_outcomes(np.array([True, False]))
    found = Accuracy(metric="top1", value=0.5, low=0, high=1, n=2, outcomes=packed)
    assert from_plain(Accuracy, parse_json(to_json(found))) == found


GOOD = pack_outcomes(np.arange(100) % 3 == 0)
BOMB = pack_outcomes(np.zeros(1 << 20, dtype=bool))


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (replace(GOOD, kind="score"), "kind 'score'; valid: 'right', 'error'"),
        (replace(GOOD, data="~~~"), "cannot be decompressed"),
        (replace(GOOD, data="\u00e9"), "cannot be decompressed"),
        (replace(GOOD, data=GOOD.data[:8]), "cannot be decompressed|hold"),
        (replace(GOOD, n=1), "not 1 samples"),
        (replace(GOOD, n=1000), "not 1000 samples"),
        (replace(GOOD, n=-8), "outcomes of -8 samples"),
        (replace(GOOD, n=2**70), "cannot be decompressed"),
        (replace(GOOD, kind=ERROR), "not 100 samples"),
        (replace(BOMB, n=8), "hold 2 bytes, not 8 samples"),
    ],
)
def test_damage_is_refused(packed: Outcomes, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        unpack_outcomes(packed)
