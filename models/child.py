"""Do something in a process of its own: quantisers print, crash and linger.

The child has limits, for the files that it reads are not trusted, and it dies with its
parent.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import tempfile
from collections.abc import Callable
from typing import NoReturn

from ..harness.errors import ModelError, TierbenchError

FAILED = 3
"""How the child ends that told in its last line why it failed."""

CPU_S = 1800
"""Seconds of processor time for a recipe: the largest file tried took some ten."""

_SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG in <sys/prctl.h>."""


def run(act: Callable[[], None], failure: str, cpu_s: int | None = None) -> None:
    """Call ``act`` in a child process and wait; what it prints is kept to itself.

    Raises:
        ModelError: it failed: ``failure``, and the last thing that it said.
    """
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if child == 0:
            _act_and_exit(act, printed.fileno(), cpu_s or CPU_S)
        _, status = os.waitpid(child, 0)
        printed.seek(0)
        words = printed.read().decode("utf-8", "replace").split("\n")
    if status:
        code = os.waitstatus_to_exitcode(status)
        last = next((line.strip() for line in reversed(words) if line.strip()), "")
        why = last if code == FAILED else f"it ended with status {code}: {last}"
        raise ModelError(f"{failure}: {why[:500]}")


def _act_and_exit(act: Callable[[], None], printed: int, cpu_s: int) -> NoReturn:
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    try:
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        act()
    except BaseException as exc:
        kind = "" if isinstance(exc, TierbenchError) else f"{type(exc).__name__}: "
        told = f"\n{kind}{' '.join(str(exc).split())}\n"
        os.write(printed, told.encode("utf-8", "replace"))
        os._exit(FAILED)
    os._exit(0)
