"""Quantities compare with limits of their unit, and say why they cannot."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench import Quantity, kb, mb, mj, ms, us
from tierbench.harness.quantity import QuantityUnknown

latency = Quantity(name="p90 latency", value=18.9, unit="ms", interval=(18.2, 19.6))
accuracy = Quantity(name="top1", value=0.95, interval=(0.93, 0.97))
unknown = Quantity(name="p99 latency", value=None, unit="ms", reason="too few samples")


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_only_the_value_is_compared(value: float, limit: float) -> None:
    found = Quantity(name="x", value=value, unit="ms", interval=(0.0, math.inf))
    assert (found < ms(limit)) == (value < limit)
    assert (found <= ms(limit)) == (value <= limit)
    assert (found > ms(limit)) == (value > limit)
    assert (found >= ms(limit)) == (value >= limit)


def test_limits_have_units() -> None:
    assert latency <= us(18_900)
    assert not latency < us(18_900)
    assert Quantity(name="size", value=2e6, unit="bytes") <= mb(2)
    assert Quantity(name="size", value=2e6, unit="bytes") > kb(1999)
    assert Quantity(name="energy", value=3.0, unit="mJ") < mj(3.5)
    assert accuracy >= 0.95
    assert accuracy <= 1
    assert latency < Quantity(name="other", value=19, unit="ms")
    assert Quantity(name="size", value=2_000_000, unit="bytes") >= mb(2)


@pytest.mark.parametrize(
    ("found", "limit", "words"),
    [
        (latency, 20, r"compare it with ms\(...\) or us\(...\)"),
        (latency, mb(1), "p90 latency is in ms and cannot be compared with"),
        (accuracy, ms(1), "top1 is in plain numbers"),
        (accuracy, "0.9", "'0.9'; compare it with a plain number"),
        (accuracy, True, "True; compare it with a plain number"),
        (accuracy, None, "None; compare it with a plain number"),
        (unknown, mb(1), "p99 latency is in ms"),
    ],
)
def test_other_units_are_refused_with_what_is_valid(found, limit, words) -> None:
    with pytest.raises(TypeError, match=words):
        _ = found <= limit
    with pytest.raises(TypeError, match=words):
        _ = found > limit


@pytest.mark.parametrize("limit", [ms(0), ms(1e9)])
def test_what_is_not_known_fails_any_limit_with_its_reason(limit) -> None:
    words = "p99 latency is not known: too few samples"
    for compare in (Quantity.__lt__, Quantity.__le__, Quantity.__gt__, Quantity.__ge__):
        with pytest.raises(QuantityUnknown, match=words):
            compare(unknown, limit)
        with pytest.raises(QuantityUnknown, match=words):
            compare(limit, unknown)
    with pytest.raises(AssertionError, match=words):
        float(unknown)


def test_it_prints_as_a_failing_test_shows_it() -> None:
    assert repr(latency) == "18.9 ms [18.2, 19.6]"
    assert repr(accuracy) == "0.95 [0.93, 0.97]"
    assert repr(ms(20)) == "20 ms"
    assert repr(unknown) == "p99 latency (not known: too few samples)"
    assert float(latency) == 18.9


def test_equality_of_measurements_is_no_question_of_values() -> None:
    assert latency != ms(18.9)
