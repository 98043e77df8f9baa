"""Leave a run early when a person asks for it, without losing what was measured."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .progress import Progress

LEFT_EARLY = 3


def _to_stderr(text: str) -> None:
    import click

    click.echo(text, err=True)


class Leaving:
    """Leave between two rounds at the first signal, at once at the second."""

    def __init__(
        self, progress: Progress, tell: Callable[[str], object] = _to_stderr
    ) -> None:
        """Start with nobody asking; ``tell`` answers the person who does."""
        self._asked = False
        self._progress = progress
        self._tell = tell
        self._before: dict[int, Any] = {}

    def asked(self) -> bool:
        """Return whether somebody asked."""
        return self._asked

    def __enter__(self) -> Leaving:
        """Listen to SIGINT and SIGTERM, which Python lets the main thread alone do."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._asked:  # the journal holds every block, and workers die with us
            self._progress.close()
            os._exit(LEFT_EARLY)
        self._asked = True
        self._tell("leaving after this round; press again to leave at once")
