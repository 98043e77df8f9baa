"""Pipes to a child that may hang: every read and write has a deadline."""

from __future__ import annotations

import os
import select
import time
from typing import IO

WAIT_MS_MAX = 1 << 30
"""A longer wait, of twelve days, does not fit into ``poll`` and is one without end."""


LAST_WORDS_BYTES = 4096


class PipeTimeout(Exception):
    """The other side did not keep the deadline."""


class DeadlineReader:
    """The reading half of ``BinaryIO`` that the protocol needs, with a deadline."""

    def __init__(self, fd: int) -> None:
        """Read from a file descriptor that stays its owner's."""
        self._fd = fd
        self._buffer = bytearray()
        self.deadline = float("inf")
        """When reading gives up, on the monotonic clock, in seconds."""

    def readline(self, limit: int) -> bytes:
        """Return one line with its end, or less where the other side closed."""
        while True:
            end = self._buffer.find(b"\n", 0, limit)
            if end >= 0:
                return self._take(end + 1)
            if len(self._buffer) >= limit or not self._fill():
                return self._take(min(limit, len(self._buffer)))

    def read(self, size: int) -> bytes:
        """Return that many bytes, or fewer where the other side closed."""
        while len(self._buffer) < size and self._fill():
            pass
        return self._take(min(size, len(self._buffer)))

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _fill(self) -> bool:
        _await(self._fd, select.POLLIN, self.deadline)
        chunk = os.read(self._fd, 1 << 20)
        self._buffer += chunk
        return bool(chunk)


class DeadlineWriter:
    """The writing half of ``BinaryIO`` that the protocol needs, with a deadline."""

    def __init__(self, fd: int) -> None:
        """Write to a file descriptor that stays its owner's."""
        self._fd = fd
        self.deadline = float("inf")
        """When writing gives up, on the monotonic clock, in seconds."""
        os.set_blocking(fd, False)

    def write(self, data: bytes | memoryview) -> int:
        """Write all of the data."""
        view = memoryview(data).cast("B")
        done = 0
        while done < view.nbytes:
            _await(self._fd, select.POLLOUT, self.deadline)
            done += os.write(self._fd, view[done : done + (1 << 20)])
        return done

    def flush(self) -> None:
        """Do nothing: nothing is held back."""


def last_words(printed: IO[bytes]) -> str:
    """Return the last line of what was printed, shortened; empty for none."""
    printed.seek(0, os.SEEK_END)
    printed.seek(max(0, printed.tell() - LAST_WORDS_BYTES))
    lines = printed.read().decode("utf-8", "replace").split("\n")
    words = [" ".join(line.split()) for line in lines if line.strip()]
    return words[-1][:300] if words else ""


def _await(fd: int, event: int, deadline: float) -> None:
    """Wait until the descriptor is ready; a hung-up one is ready."""
    poll = select.poll()
    poll.register(fd, event)
    left = deadline - time.monotonic()
    wait_ms = None if left * 1000 > WAIT_MS_MAX else max(0.0, left * 1000)
    if not poll.poll(wait_ms):
        raise PipeTimeout
