"""The monotonic clock of another machine beside this one's, by round trips.

The other clock was read between the question and the answer, so the middle of these is
wrong by half of the time between at most (as in NTP, RFC 5905).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """How far another clock is ahead of this one's, wrong by at most ``error_ns``."""

    offset_ns: int = 0
    error_ns: int = 0

    def between(self, later: Ahead) -> Ahead:
        """Return what holds from this moment to a later one: clocks drift apart."""
        drift_ns = abs(later.offset_ns - self.offset_ns)
        return Ahead(
            offset_ns=(self.offset_ns + later.offset_ns) // 2,
            error_ns=drift_ns // 2 + 1 + max(self.error_ns, later.error_ns),
        )


def ahead(now_ns: Callable[[], int]) -> Ahead:
    """Return how far a clock that is asked for its time is ahead of this machine's."""
    found = []
    for _ in range(ROUNDS):
        asked_ns = time.monotonic_ns()
        there_ns = now_ns()
        answered_ns = time.monotonic_ns()
        middle_ns = (asked_ns + answered_ns) // 2
        found.append((answered_ns - asked_ns, there_ns - middle_ns))
    trip_ns, offset_ns = min(found)
    return Ahead(offset_ns=offset_ns, error_ns=trip_ns // 2 + 1)
