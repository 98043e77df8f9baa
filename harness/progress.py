"""Tell how a run gets on: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TextIO

from .terminal import printable
from .values import Block, Case, Result, Status

if TYPE_CHECKING:
    from .plan import Planned
    from .statistics import Estimate

LINE_EVERY_S = 10.0
"""How often plain progress says that it is still measuring."""


class UnderWay(Protocol):
    """A case that is being measured, in rounds or under sustained load."""

    @property
    def planned(self) -> Planned:
        """Return the case with what it takes to run it."""

    @property
    def label(self) -> str:
        """Return the case's name for people."""

    @property
    def estimate(self) -> Estimate | None:
        """Return the latest estimate of its median, if there is one yet."""

    @property
    def measured_s(self) -> float:
        """Return the seconds measured so far."""

    def share_done(self) -> float:
        """Return about which share of it is done, 0 to 1."""


class Progress(ABC):
    """What a run tells while it lasts; called from the machines' threads."""

    @abstractmethod
    def begin(self, total: int, reused: int, done: int) -> None:
        """Tell how many cases there are to measure, to reuse, and already done."""

    @abstractmethod
    def block(self, bench: UnderWay, block: Block) -> None:
        """Tell that a block is safe in the journal."""

    @abstractmethod
    def result(self, result: Result) -> None:
        """Tell that a case has ended."""

    def soak(self, total: int, seconds: float) -> None:  # noqa: B027
        """Tell that so many finalists are now loaded for so long, each alone."""

    def soaked(self, case: Case, told: str) -> None:  # noqa: B027
        """Tell how a finalist came out of it."""

    def close(self) -> None:  # noqa: B027
        """Leave the terminal as it was."""


class Silence(Progress):
    """Tell nothing."""

    def begin(self, total: int, reused: int, done: int) -> None:
        """Tell nothing."""

    def block(self, bench: UnderWay, block: Block) -> None:
        """Tell nothing."""

    def result(self, result: Result) -> None:
        """Tell nothing."""


class Forecast:
    """How much of a run is done, and when it will end.

    A case's share is the time it was measured over the time it will need: the
    profile's least, or what its interval needs to become narrow enough when its width
    falls with the square root of the time.
    """

    def __init__(self, total: int) -> None:
        """Start the clock for a number of cases."""
        self._total = max(1, total)
        self._began = time.monotonic()
        self._shares: dict[str, float] = {}

    def update(self, bench: UnderWay) -> None:
        """Take in a case's latest estimate."""
        self._shares[bench.planned.case.key] = bench.share_done()

    def end(self, result: Result) -> None:
        """Take in that a case has ended."""
        self._shares[result.case.key] = 1.0

    @property
    def share(self) -> float:
        """Return the share of the run that is done, 0 to 1."""
        return min(1.0, sum(self._shares.values()) / self._total)

    @property
    def left_s(self) -> float | None:
        """Return the seconds left, None before anything can be said."""
        share = self.share
        if share < 0.02:
            return None
        return (time.monotonic() - self._began) * (1 - share) / share


class PlainProgress(Progress):
    """Plain lines on a stream: one a case, and one now and then in between."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Write to a stream, standard error by default."""
        self._stream = stream or sys.stderr
        self._lock = threading.Lock()
        self._forecast = Forecast(1)
        self._told = time.monotonic()
        self._ended = 0
        self._total = 0

    def begin(self, total: int, reused: int, done: int) -> None:
        """Write what is ahead."""
        self._total = total
        self._forecast = Forecast(total)
        parts = [f"{cases(total)} to measure"]
        parts += [f"{reused} reused"] if reused else []
        parts += [f"{done} already done"] if done else []
        self._line(", ".join(parts))

    def block(self, bench: UnderWay, block: Block) -> None:
        """Write a line when there was none for a while."""
        with self._lock:
            self._forecast.update(bench)
            if time.monotonic() - self._told >= LINE_EVERY_S:
                self._line(f"measuring, {status_line(self._forecast)}")

    def result(self, result: Result) -> None:
        """Write how a case ended."""
        with self._lock:
            skipped = result.status is Status.SKIPPED
            if not skipped:
                self._forecast.end(result)
                self._ended += 1
            counter = "" if skipped else f"[{self._ended}/{self._total}] "
            reason = f": {result.reason}" if result.reason else ""
            told = f"{result.case.label} {result.status}{reason}"
            self._line(counter + printable(told))

    def soak(self, total: int, seconds: float) -> None:
        """Write what is ahead."""
        self._forecast = Forecast(total)
        self._line(soak_line(total, seconds))

    def soaked(self, case: Case, told: str) -> None:
        """Write how a finalist came out of it."""
        with self._lock:
            self._line(printable(f"{case.label} {told}"))

    def _line(self, text: str) -> None:
        self._told = time.monotonic()
        with suppress(OSError):  # that nobody reads on is no fault of a case
            print(text, file=self._stream, flush=True)


def cases(number: int) -> str:
    """Return ``1 case`` or ``3 cases``."""
    return f"{number} case" if number == 1 else f"{number} cases"


def soak_line(total: int, seconds: float) -> str:
    """Return ``2 finalists under sustained load, 1800 s each``."""
    noun = "finalist" if total == 1 else "finalists"
    return f"{total} {noun} under sustained load, {seconds:g} s each after a rest"


def status_line(forecast: Forecast) -> str:
    """Return ``37 % done, about 42 s left``."""
    left = forecast.left_s
    eta = "time left unknown yet" if left is None else f"about {left:.0f} s left"
    return f"{100 * forecast.share:.0f} % done, {eta}"
