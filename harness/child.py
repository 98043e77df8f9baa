"""Programs that may crash, hang or print without end, run for their answer."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .errors import ModelError

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
    def end(self) -> str:
        """Return how it ended, as the end of a sentence about it."""
        if self.status is None:
            return "did not end in time"
        if self.status >= 0:
            return f"ended with status {self.status}"
        try:
            return f"was ended by {signal.Signals(-self.status).name}"
        except ValueError:
            return f"was ended by signal {-self.status}"

    @property
    def last_words(self) -> str:
        """Return the last line of its standard error, shortened; empty for none."""
        last = next((w for w in reversed(self.words.split("\n")) if w.strip()), "")
        return " ".join(last.split())[:200]

    @property
    def death(self) -> str | None:
        """Return how it failed, or None where it ended well."""
        if self.status == 0:
            return None
        last = self.last_words
        return f"{self.end}; it last printed {last!r}" if last else self.end

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
        return Answer(
            printed=_text(printed, 0), words=_text(words, WORDS_BYTES), status=status
        )


def _text(file: IO[bytes], last_bytes: int) -> str:
    """Return what a file holds, or the last of it."""
    size = os.fstat(file.fileno()).st_size
    file.seek(max(0, size - last_bytes) if last_bytes else 0)
    return file.read(PRINTED_BYTES).decode("utf-8", "replace")


def bound(file_bytes: int = PRINTED_BYTES) -> None:
    """Lower the limits of this process: memory, size of files, no core dump."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def told(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what reading a model file gave, or ``error``: what is wrong with it."""
    try:
        return read()
    except ModelError as exc:
        return {"error": str(exc)}
    except MemoryError:
        return {"error": f"needs more than {MEMORY_BYTES >> 30} GiB to be read"}
    except Exception as exc:  # readers raise whatever the damage leads them to
        text = " ".join(str(exc).split())[:200]
        return {"error": f"damaged ({type(exc).__name__}: {text}); export it again"}
