"""Programs that may crash, hang or print without end, run for their answer."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMORY_BYTES = 4 << 30
PRINTED_BYTES = 16 << 20
WORDS_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a child printed and how it ended.

    ``status`` is its exit status, negative for a signal, None where it was ended for
    taking too long.
    """

    printed: str
    words: str
    status: int | None

    @property
    def death(self) -> str | None:
        """Return how it failed, or None where it ended well."""
        if self.status == 0:
            return None
        last = next((w for w in reversed(self.words.split("\n")) if w.strip()), "")
        said = f"; it last printed {' '.join(last.split())[:200]!r}" if last else ""
        if self.status is None:
            return f"did not end in time{said}"
        if self.status > 0:
            return f"ended with status {self.status}{said}"
        try:
            name = signal.Signals(-self.status).name
        except ValueError:
            name = f"signal {-self.status}"
        return f"was ended by {name}{said}"

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Return the JSON objects that it printed, one a line; other lines are not."""
        found = []
        for line in self.printed.split("\n"):
            with suppress(ValueError, RecursionError):
                value = json.loads(line)
                if isinstance(value, dict):
                    found.append(value)
        return found


def run(
    command: Sequence[str | Path],
    timeout_s: float,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Answer:
    """Run a program to its end, or end it and all it started.

    Args:
        command: the program and its arguments; no shell reads them.
        timeout_s: seconds that it may take.
        folder: where it runs.
        environment: variables beside this process's own.

    Raises:
        OSError: it cannot be started.
    """
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as words:
        child = subprocess.Popen(
            [os.fspath(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=words,
            cwd=folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
            start_new_session=True,
        )
        status: int | None
        try:
            status = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        printed.seek(0)
        words.seek(max(0, os.fstat(words.fileno()).st_size - WORDS_BYTES))
        return Answer(
            printed=printed.read(PRINTED_BYTES).decode("utf-8", "replace"),
            words=words.read().decode("utf-8", "replace"),
            status=status,
        )


def bound() -> None:
    """Lower the limits of this process: memory, size of files, no core dump."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (PRINTED_BYTES, PRINTED_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
