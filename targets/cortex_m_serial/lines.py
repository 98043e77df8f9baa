"""Lines of text out of a byte stream that nobody vouches for.

A serial line loses, doubles and garbles bytes, and carries no checksum. What is read
here is bounded in length, number and time, and a line with a byte that is no printable
ASCII is an error: it is never mended by guessing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ...harness.errors import WorkerError, WorkerTimeout

CHUNK_BYTES = 4096
QUIET_S = 0.2
"""A line that was silent for so long has nothing more to say of what went before."""

NOISY_S = 3.0
"""A line that never falls silent within this time is not spoken to."""

_SHOWN = 80


class Stream(Protocol):
    """A byte stream to a device: a serial port, a pseudo-terminal, a socket."""

    def read(self, n: int, timeout_s: float) -> bytes:
        """Return 1 to ``n`` bytes as soon as some are there, none after the timeout.

        Raises:
            WorkerDied: the other end is gone.
        """

    def write(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            WorkerDied: the other end is gone.
            WorkerTimeout: the other end does not take it.
        """


class Garbled(WorkerError):
    """A reply is not what the protocol allows: noise, most likely; worth asking again.

    ``text`` is what came instead, shortened.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, without its end; ``at_ns`` is when it was complete, monotonic."""

    text: str
    at_ns: int


class Lines:
    """Cut a stream into lines that end in LF or CR LF."""

    def __init__(self, stream: Stream) -> None:
        """Take the stream; nothing is read yet."""
        self._stream = stream
        self._rest = self._heard = b""

    def write(self, data: bytes) -> None:
        """Send bytes, see ``Stream.write``."""
        self._stream.write(data)

    def until(
        self, end_s: float, length_max: int, count_max: int, awaited: str
    ) -> Iterator[Line]:
        """Yield lines that are not empty, until nobody asks for more.

        Args:
            end_s: on the monotonic clock, when to give up.
            length_max: bytes that a line may have.
            count_max: lines that may come, empty ones included.
            awaited: what the lines answer, for errors.

        Raises:
            Garbled: a line or their number is too long, or one is not ASCII.
            WorkerTimeout: the time is up.
            WorkerDied: the other end is gone.
        """
        self._heard = b""
        for _ in range(count_max):
            raw, at_ns = self._line(end_s, length_max, awaited)
            text = _text(raw, awaited)
            if text:
                yield Line(text=text, at_ns=at_ns)
        raise Garbled(
            f"more than {count_max} lines came in answer to {awaited!r} and no end"
        )

    def settle(self) -> bytes:
        """Read until the line is silent and return what came.

        Raises:
            Garbled: it never falls silent.
            WorkerDied: the other end is gone.
        """
        came, self._rest = self._rest, b""
        end_s = time.monotonic() + NOISY_S
        while more := self._stream.read(CHUNK_BYTES, QUIET_S):
            came = (came + more)[-CHUNK_BYTES:]
            if time.monotonic() > end_s:
                raise Garbled(
                    f"the line is not silent between commands: {shown(came)} came; is "
                    "the baud rate right, and is this the right port?"
                )
        return came

    def waiting(self) -> bytes:
        """Return what has come already and was not asked for."""
        came, self._rest = self._rest, b""
        return came + self._stream.read(CHUNK_BYTES, 0.0)

    def _line(self, end_s: float, length_max: int, awaited: str) -> tuple[bytes, int]:
        while True:
            raw, ended, rest = self._rest.partition(b"\n")
            if len(raw) > length_max:
                raise Garbled(
                    f"a line of more than {length_max} bytes came in answer to "
                    f"{awaited!r}: {shown(raw)}"
                )
            if ended:
                raw = raw.removesuffix(b"\r")
                self._rest, self._heard = rest, raw
                return raw, time.monotonic_ns()
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                last = raw or self._heard
                heard = f"; the last that came was {shown(last)}" if last else ""
                raise WorkerTimeout(f"no whole answer to {awaited!r} in time{heard}")
            self._rest += self._stream.read(CHUNK_BYTES, left_s)


def shown(raw: bytes) -> str:
    """Return bytes for a message: the last ones, whatever they are, escaped."""
    return ascii(raw[-_SHOWN:].decode("latin-1"))


def _text(raw: bytes, awaited: str) -> str:
    if any(not 0x20 <= byte <= 0x7E for byte in raw):
        raise Garbled(
            f"bytes that are no text came in answer to {awaited!r}: {shown(raw)}; is "
            "the baud rate right?"
        )
    return raw.decode("ascii")
