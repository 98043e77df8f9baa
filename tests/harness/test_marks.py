"""Windows between falls of a pin: all of them, or none."""

import pytest

from tierbench.harness.errors import MeterError
from tierbench.harness.marks import marked_windows

S = 10**9
SEEN = [(10 * S, 20 * S), (21 * S, 31 * S)]
FALLS = [int(at * S) for at in (10.02, 19.98, 21.02, 30.97)]


def test_each_window_has_its_own_falls() -> None:
    falls = [S, *FALLS, 40 * S]
    assert marked_windows(falls, SEEN) == [tuple(FALLS[:2]), tuple(FALLS[2:])]


@pytest.mark.parametrize("lost", range(4))
def test_a_fall_that_is_missing_spoils_all(lost: int) -> None:
    falls = FALLS[:lost] + FALLS[lost + 1 :]
    with pytest.raises(MeterError, match="3 times in 2 windows; 4 times were due"):
        marked_windows(falls, SEEN)


def test_a_fall_elsewhere_is_another_reasons() -> None:
    falls = [FALLS[0], 12 * S, *FALLS[2:]]
    with pytest.raises(
        MeterError, match=r"a window of 1\.98 s, this machine one of 10"
    ):
        marked_windows(falls, SEEN)
