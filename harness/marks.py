"""Windows that a device marks on a pin, where its meter sees that pin.

A device that tells no times pulls a pin down as its calls begin and again as they end,
as MLPerf Tiny's firmware does in its energy mode; the moments are on the meter's own
clock, which is the one that its power is on.
"""

from __future__ import annotations

from collections.abc import Sequence

from .errors import MeterError

SLACK_NS = 500_000_000
"""How far this machine's view of a window, by lines that come late, may be off."""

SHARE = 0.05
"""How much a window's length may be off, as this machine saw it."""

Window = tuple[int, int]


def marked_windows(falls_ns: Sequence[int], seen: Sequence[Window]) -> list[Window]:
    """Return the windows between the pin's falls, one for each that was seen.

    Args:
        falls_ns: when the pin fell, in order.
        seen: the windows as this machine saw them, in order, on the same clock.

    Raises:
        MeterError: the falls are not two for each window, where it was seen.
    """
    first, last = seen[0][0] - SLACK_NS, seen[-1][1] + SLACK_NS
    falls = [fall for fall in falls_ns if first <= fall <= last]
    if len(falls) != 2 * len(seen):
        raise MeterError(
            f"the meter saw the pin fall {len(falls)} times in {len(seen)} windows; "
            f"{2 * len(seen)} times were due: is the device's pin on its input, "
            "and do they share their ground?"
        )
    found = list(zip(falls[::2], falls[1::2], strict=True))
    for (begin, end), (seen_begin, seen_end) in zip(found, seen, strict=True):
        off_ns = max(abs(begin - seen_begin), abs(end - seen_end))
        if off_ns > SLACK_NS + SHARE * (seen_end - seen_begin):
            raise MeterError(
                f"the meter saw a window of {(end - begin) / 1e9:.6g} s, this machine "
                f"one of {(seen_end - seen_begin) / 1e9:.6g} s: the pin fell for "
                "another reason"
            )
    return found
