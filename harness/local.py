"""Workers of this machine: children of this process, dying with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from .errors import TargetUnavailable
from .pack import pack


class Local:
    """A Python of this machine."""

    closing_s = 1.0

    def __init__(self, python: str | None) -> None:
        """Name the interpreter; None for this one."""
        self._executable = python or sys.executable

    def start(
        self, modules: tuple[str, ...], printed: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a worker.

        Raises:
            TargetUnavailable: that Python cannot be started.
        """
        try:
            return subprocess.Popen(
                [self._executable, "-B", str(pack(modules)), str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=printed,
                start_new_session=True,
            )
        except OSError as exc:
            raise TargetUnavailable(
                self._executable,
                f"it cannot be started: {exc}",
                "give an existing Python",
            ) from exc

    def place(self, artifact: Path) -> str:
        """Return where the workers find a file: where it is."""
        return str(artifact)

    def end(self, status: int) -> str:
        """Return how a worker ended."""
        if status < 0:
            return f"was ended by {signal_name(-status)}"
        return f"ended with status {status}"

    def loss(self, status: int | None) -> str | None:
        """Return None: there is no link to lose."""
        return None


def signal_name(number: int) -> str:
    """Return a signal's name for people."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
