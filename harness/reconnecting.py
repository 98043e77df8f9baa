"""Waiting for a machine whose link was lost."""

from __future__ import annotations

import time
from collections.abc import Callable

from .errors import TargetUnavailable
from .remote import is_remote, machine_of

LIMIT_S = 120.0
PAUSE_S = 1.0


def await_machine(python: str | None, stopping: Callable[[], bool]) -> str | None:
    """Wait until the machine of a Python answers again.

    Args:
        python: the name of the target's Python.
        stopping: asked between two tries whether to leave early.

    Returns:
        None where what was measured there can be gone on with, else why not.
    """
    if python is None or not is_remote(python):
        return "it has no link that could be made again"
    from .ssh import reconnect  # only a target on another machine needs it

    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            if reconnect(python):
                return None
            return (
                f"{machine_of(python)} was started anew meanwhile: its clocks and its "
                "power mode may be others; run again"
            )
        except TargetUnavailable as exc:
            if stopping() or time.monotonic() > deadline:
                return f"not back within {LIMIT_S:g} s: {exc.reason}"
        time.sleep(PAUSE_S)
