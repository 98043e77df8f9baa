"""Numbers as text: an interval decides how many digits its value deserves."""

from __future__ import annotations

import math

PLAIN_DIGITS = 3
"""Significant digits of a value that has no interval."""

INTERVAL_DIGITS = 2
"""Significant digits of the half-width of an interval."""

MOST_DECIMALS = 9
GROUP = "\u202f"
"""Narrow no-break space between groups of thousands."""

UNITS = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10, "B": 1}
"""Bytes in each unit that ``byte_size`` uses."""


def decimals_for(size: float, significant: int) -> int:
    """Return the decimal places that show ``size`` with so many significant digits.

    Never negative: no digit before the decimal point is rounded away, so that a
    reader need not guess which zeros count.
    """
    if size == 0 or not math.isfinite(size):
        return 0
    magnitude = math.floor(math.log10(abs(size)))
    return max(0, min(MOST_DECIMALS, significant - 1 - magnitude))


def fixed(value: float, decimals: int) -> str:
    """Return ``value`` with so many decimals, thousands grouped from 10 000 on."""
    text = f"{value:.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    if abs(value) < 9999.5:
        return text
    whole, dot, rest = text.partition(".")
    return f"{int(whole):,}".replace(",", GROUP) + dot + rest


def plain(value: float) -> str:
    """Return a value without interval: three significant digits, at least."""
    return fixed(value, decimals_for(value, PLAIN_DIGITS))


def interval_decimals(value: float, low: float, high: float) -> int:
    """Return the decimals at which the half-width shows two significant digits.

    The wider side counts: a one-sided interval still limits what is known.
    """
    half_width = max(value - low, high - value)
    if half_width <= 0:
        return decimals_for(value, PLAIN_DIGITS)
    return decimals_for(half_width, INTERVAL_DIGITS)


def with_interval(value: float, low: float, high: float) -> tuple[str, str]:
    """Return the value and its interval, as ``± half`` if both sides round alike.

    Otherwise the interval is ``[low, high]``. The sides are compared in units of
    the last decimal shown, so that what is printed adds up.
    """
    places = interval_decimals(value, low, high)
    below = round(value, places) - round(low, places)
    above = round(high, places) - round(value, places)
    if fixed(below, places) == fixed(above, places):
        return fixed(value, places), f"± {fixed(above, places)}"
    return fixed(value, places), f"[{fixed(low, places)}, {fixed(high, places)}]"


def byte_size(size_bytes: float) -> str:
    """Return bytes in the largest binary unit that leaves at least 1 before it."""
    for unit, step in UNITS.items():
        if abs(size_bytes) >= step > 1:
            return f"{plain(size_bytes / step)} {unit}"
    return f"{size_bytes:.0f} B"
