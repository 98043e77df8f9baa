import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.reports.digits import (
    GROUP,
    byte_size,
    decimals_for,
    fixed,
    plain,
    with_interval,
)

values = st.floats(min_value=1e-5, max_value=1e7)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.61834, "0.618"),
        (1.0, "1.00"),
        (1589.3, "1589"),
        (123456.0, f"123{GROUP}456"),
        (9999.7, f"10{GROUP}000"),
        (-0.00001, "-0.0000100"),
        (1e-30, "0.000000000"),
    ],
)
def test_a_plain_value_keeps_three_digits(value: float, text: str) -> None:
    assert plain(value) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (0.61834, 0.6092, 0.6274, ("0.6183", "± 0.0091")),
        (0.9725, 0.9514, 0.9846, ("0.973", "[0.951, 0.985]")),
        (12.0, 2.0, 22.0, ("12", "± 10")),
        (12345.6, 12000.0, 12700.0, (f"12{GROUP}346", f"[12{GROUP}000, 12{GROUP}700]")),
        (5.0, 5.0, 5.0, ("5.00", "± 0.00")),
        (1.0, 0.98, 1.0, ("1.000", "[0.980, 1.000]")),
    ],
)
def test_the_interval_decides_the_digits(
    value: float, low: float, high: float, shown: tuple[str, str]
) -> None:
    assert with_interval(value, low, high) == shown


@given(value=values, below=values, above=values)
def test_what_is_printed_is_the_value_rounded(
    value: float, below: float, above: float
) -> None:
    half_width = max(value - (value - below), (value + above) - value)
    text, spread = with_interval(value, value - below, value + above)
    places = -Decimal(text.replace(GROUP, "")).as_tuple().exponent
    assert abs(float(text.replace(GROUP, "")) - value) <= 0.5000001 * 10.0**-places
    assert places == min(9, max(0, 1 - math.floor(math.log10(half_width))))
    if spread.startswith("±"):
        printed = float(spread[1:].replace(GROUP, ""))
        assert abs(printed - below) <= 1.01 * 10.0**-places
        assert abs(printed - above) <= 1.01 * 10.0**-places


def test_no_negative_zero() -> None:
    assert fixed(-0.001, 2) == "0.00"


def test_decimals_are_never_negative() -> None:
    assert decimals_for(123456.0, 2) == 0


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (61_341_696, "58.5 MiB"),
        (3 * 2**30, "3.00 GiB"),
    ],
)
def test_sizes_are_in_binary_units(size_bytes: int, text: str) -> None:
    assert byte_size(size_bytes) == text
