"""Two machines' clocks laid beside one another."""

import time

from hypothesis import given
from hypothesis import strategies as st

from tierbench.harness.clocks import Ahead, ahead

AHEAD_NS = 7_000_000_000_000


@given(there=st.floats(0, 0.002), back=st.floats(0, 0.002))
def test_the_error_holds_however_uneven_the_way_is(there: float, back: float) -> None:
    def now_ns() -> int:
        time.sleep(there)
        now = time.monotonic_ns() + AHEAD_NS
        time.sleep(back)
        return now

    found = ahead(now_ns)
    assert abs(found.offset_ns - AHEAD_NS) <= found.error_ns
    assert found.error_ns < 1e9


def test_what_drifted_meanwhile_is_in_the_error() -> None:
    before = Ahead(offset_ns=1_000, error_ns=10)
    after = Ahead(offset_ns=1_400, error_ns=30)
    both = before.between(after)
    for one in (before, after):
        assert abs(both.offset_ns - one.offset_ns) + one.error_ns <= both.error_ns + 30
    assert both.offset_ns == 1_200
    assert both.error_ns == 231
