"""GDB's remote serial protocol, as far as counting needs it.

Source: GDB manual, appendix "GDB Remote Serial Protocol". Packets are ``$data#sum``,
each acknowledged by ``+``.
"""

from __future__ import annotations

import socket
import time

from ...harness.errors import WorkerDied, WorkerError, WorkerTimeout

ANSWER_S = 10.0
MEMORY_CHUNK = 1024
_THUMB_BREAKPOINT = 2
_INTERRUPT = b"\x03"


class Debugger:
    """A stub at the other end of a socket, whose program stands still at first."""

    def __init__(self, stream: socket.socket) -> None:
        """Take the stream; nothing is sent yet."""
        self._stream = stream
        self._rest = b""
        self.running = False

    def resume(self) -> None:
        """Let the program run."""
        self._send("c")
        self.running = True

    def halt(self) -> None:
        """Stop the program wherever it is."""
        if self.running:
            self._write(_INTERRUPT)
            self.wait(ANSWER_S)

    def wait(self, limit_s: float) -> None:
        """Wait until the program stops.

        Raises:
            WorkerTimeout: it did not within the limit.
        """
        self._stopped(self._receive(limit_s))

    def set_breakpoint(self, address: int) -> None:
        """Stop before this instruction from now on."""
        self._ask_ok(f"Z0,{address & ~1:x},{_THUMB_BREAKPOINT}")

    def clear_breakpoint(self, address: int) -> None:
        """Stop there no more."""
        self._ask_ok(f"z0,{address & ~1:x},{_THUMB_BREAKPOINT}")

    def memory(self, address: int, length: int) -> bytes:
        """Return what the program's memory holds.

        Raises:
            WorkerError: there is no memory.
        """
        found = bytearray()
        while len(found) < length:
            size = min(MEMORY_CHUNK, length - len(found))
            self._send(f"m{address + len(found):x},{size:x}")
            answer = self._receive(ANSWER_S)
            try:
                part = bytes.fromhex(answer)
            except ValueError:
                part = b""
            if len(part) != size:
                raise WorkerError(f"no memory at {address:#x}: {answer[:40]!r}")
            found += part
        return bytes(found)

    def write_memory(self, address: int, data: bytes) -> None:
        """Change what the program's memory holds."""
        for start in range(0, len(data), MEMORY_CHUNK):
            part = data[start : start + MEMORY_CHUNK]
            self._ask_ok(f"M{address + start:x},{len(part):x}:{part.hex()}")

    def _stopped(self, answer: str) -> None:
        if answer[:1] not in ("T", "S"):
            raise WorkerError(f"the emulator's debugger answered {answer[:40]!r}")
        self.running = False

    def _ask_ok(self, text: str) -> None:
        self._send(text)
        answer = self._receive(ANSWER_S)
        if answer != "OK":
            raise WorkerError(
                f"the emulator's debugger refused {text[:40]!r}: {answer!r}"
            )

    def _send(self, text: str) -> None:
        data = text.encode("ascii")
        self._write(b"$%s#%02x" % (data, sum(data) & 0xFF))

    def _write(self, data: bytes) -> None:
        try:
            self._stream.sendall(data)
        except OSError as exc:
            raise WorkerDied(f"the emulator is gone: {exc}") from exc

    def _receive(self, limit_s: float) -> str:
        end_s = time.monotonic() + limit_s
        while True:
            start = self._rest.find(b"$")
            end = self._rest.find(b"#", start)
            if start >= 0 and end >= 0 and len(self._rest) >= end + 3:
                answer = self._rest[start + 1 : end]
                self._rest = self._rest[end + 3 :]
                self._write(b"+")
                return answer.decode("ascii", "replace")
            left_s = end_s - time.monotonic()
            if left_s <= 0:
                raise WorkerTimeout("the emulated program did not stop in time")
            self._stream.settimeout(left_s)
            try:
                came = self._stream.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError as exc:
                raise WorkerDied(f"the emulator is gone: {exc}") from exc
            if not came:
                raise WorkerDied("the emulator ended")
            self._rest += came
