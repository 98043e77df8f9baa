"""Live progress on a terminal, with rich."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .progress import Forecast, Progress, cases, soak_line, status_line
from .terminal import printable
from .values import Block, Case, Result, Status

if TYPE_CHECKING:
    from .progress import UnderWay
    from .statistics import Estimate

ROWS_SHOWN = 16
REFRESH_S = 0.5
"""Drawing takes time of the machine that is measured: between blocks, and no more
often than this."""

STYLES = {
    Status.OK: "green",
    Status.NOT_CONVERGED: "yellow",
    Status.FAILED: "red",
    Status.TIMED_OUT: "red",
    Status.SKIPPED: "dim",
}


class LiveProgress(Progress):
    """A table of the open cases with their estimates, redrawn in place."""

    def __init__(self, stream: TextIO) -> None:
        """Draw on a terminal once the run begins."""
        self._console = Console(file=stream)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._drawn = 0.0
        self._lock = threading.Lock()
        self._open: dict[str, UnderWay] = {}
        self._forecast = Forecast(1)

    def begin(self, total: int, reused: int, done: int) -> None:
        """Start drawing."""
        self._forecast = Forecast(total)
        self._console.print(f"{cases(total)} to measure, {reused} reused, {done} done")
        self._live.start()
        if total:
            told = Text("starting workers, warming up, evaluating", style="dim")
            self._live.update(told, refresh=True)

    def block(self, bench: UnderWay, block: Block) -> None:
        """Take in a case's latest estimate, and draw when it is time."""
        with self._lock:
            self._open[bench.planned.case.key] = bench
            self._forecast.update(bench)
            if time.monotonic() - self._drawn >= REFRESH_S:
                self._live.update(self._picture(), refresh=True)
                self._drawn = time.monotonic()

    def result(self, result: Result) -> None:
        """Print how a case ended above the table."""
        with self._lock:
            self._open.pop(result.case.key, None)
            if result.status is not Status.SKIPPED:
                self._forecast.end(result)
            line = Text(f"{result.status:>13} ", style=STYLES[result.status])
            line.append(printable(result.case.label), style="default")
            if result.reason:
                line.append(f"  {printable(result.reason)}", style="dim")
            self._console.print(line)

    def soak(self, total: int, seconds: float) -> None:
        """Print what is ahead."""
        self._forecast = Forecast(total)
        self._console.print(soak_line(total, seconds))

    def soaked(self, case: Case, told: str) -> None:
        """Print how a finalist came out of it."""
        with self._lock:
            self._open.pop(case.key, None)
            line = Text(f"{'soaked':>13} ", style="green")
            self._console.print(line.append(printable(f"{case.label} {told}")))

    def close(self) -> None:
        """Stop drawing."""
        self._live.stop()

    def _picture(self) -> Group:
        table = Table(box=None, pad_edge=False)
        table.add_column("case", overflow="ellipsis", no_wrap=True)
        table.add_column("median ms", justify="right")
        table.add_column("± %", justify="right")
        table.add_column("measured s", justify="right")
        for bench in list(self._open.values())[:ROWS_SHOWN]:
            table.add_row(
                Text(printable(bench.label)),
                *_shown(bench.estimate),
                f"{bench.measured_s:.1f}",
            )
        hidden = len(self._open) - ROWS_SHOWN
        more = [Text(f"and {hidden} more", style="dim")] if hidden > 0 else []
        bar = ProgressBar(total=1.0, completed=self._forecast.share, width=40)
        return Group(table, *more, bar, Text(status_line(self._forecast)))


def _shown(estimate: Estimate | None) -> tuple[str, str]:
    """Return median and relative half-width as text."""
    if estimate is None or estimate.value is None:
        return "", ""
    width = estimate.relative_half_width
    half = "" if width is None else f"{100 * width:.1f}"
    return f"{estimate.value / 1e6:.4g}", half
