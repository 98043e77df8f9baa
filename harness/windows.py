"""Windows that a device times by its own timer: many calls, and one time for all.

A window's mean is no call's latency: it tells of the middle, never of the slow end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .course import Course
from .statistics import Estimate
from .values import Block, BlockKind, Clock, Phase
from .worker import Stretch

WINDOWS = 5
"""MLPerf Tiny's rules ask for five windows and take their median."""

INTERVAL_WINDOWS = 7
"""The median of five values has no interval of 95 %; that of seven has."""

WINDOW_NS = 10_000_000_000
"""MLPerf Tiny's rules ask for windows of 10 s by the device's timer."""

CALLS_MAX = 1 << 40
LIMIT_S = 3_600.0

NO_TAIL = "the device times many calls together; a window's mean is no call's latency"
NO_TIME = (
    "the device's firmware tells no times (energy mode); flash its performance build"
)
UNSEEN_FIRST = "the model was on the device before: which call was its first is unknown"
UNSEEN_CPU = "the device does not tell when other work interrupted a call"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCourse(Course):
    """As many windows as MLPerf Tiny asks for, or as an interval needs."""

    @property
    def limit_s(self) -> float:
        """Return the time measured after which the case is given up."""
        return max(LIMIT_S, self.profile.case_limit_s)

    @property
    def converges(self) -> bool:
        """Return False: the number of windows is set."""
        return False

    @property
    def looks_needed(self) -> int:
        """Return 1: windows that were counted need no second look."""
        return 1

    @property
    def windows(self) -> int:
        """Return how many windows make a result."""
        return WINDOWS if self.profile.span_min_s == 0 else INTERVAL_WINDOWS

    def share_done(self, blocks: Sequence[Block]) -> float | None:
        """Return which share of the windows is measured."""
        return min(1.0, _count(blocks) / self.windows)

    def stretch(self, plain: Stretch, blocks: Sequence[Block]) -> Stretch:
        """Return a whole window, of as many calls as it takes."""
        duration_ns = max(WINDOW_NS, self.profile.window_ns)
        return replace(
            plain,
            kind=BlockKind.WINDOW,
            calls_min=1,
            calls_max=CALLS_MAX,
            duration_ns=duration_ns,
        )

    def shortfall(self, blocks: Sequence[Block]) -> str | None:
        """Return how many windows are still missing, None for none."""
        count = _count(blocks)
        return None if count >= self.windows else f"{count} of {self.windows} windows"


def clock_of(blocks: Sequence[Block]) -> Clock | None:
    """Return whose clock timed windows of many calls; None for calls timed singly."""
    for block in blocks:
        for series in block.series:
            if series.quantity != "latency":
                continue
            if series.clock is Clock.DEVICE:
                return Clock.DEVICE
            if block.calls > len(series.values) and block.phase is Phase.MEASURE:
                return Clock.HOST
    return None


NO_WINDOW_TAIL = Estimate(value=None, interval=None, n=0, reason=NO_TAIL)
UNTIMED = Estimate(value=None, interval=None, n=0, reason=NO_TIME)


def _count(blocks: Sequence[Block]) -> int:
    return sum(block.phase is Phase.MEASURE for block in blocks)
