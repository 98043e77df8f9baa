import pytest

from tierbench.harness.errors import InputError
from tierbench.models.bearing.space import BearingShape
from tierbench.models.keyword.space import KeywordShape


def test_widths_become_multiples_of_eight():
    half = BearingShape().widened(0.5)
    widths = [getattr(half, name) for name in BearingShape.WIDTHS]
    assert widths == [8, 16, 16, 32, 48]
    assert half.fourth_blocks == BearingShape().fourth_blocks
    assert half.kernel == BearingShape().kernel


def test_a_head_stays_as_wide():
    half = KeywordShape().widened(0.5)
    assert half == KeywordShape(width=32, heads=2, hidden=64)


def test_no_width_vanishes_and_one_changes_nothing():
    assert BearingShape().widened(0.01).stem == 8
    odd = BearingShape(stem=12)
    assert odd.widened(1) is odd


@pytest.mark.parametrize("width", [0, -1, 8.1, float("nan"), float("inf")])
def test_widths_that_make_no_network_are_refused(width):
    with pytest.raises(InputError, match="at most 8"):
        BearingShape().widened(width)
