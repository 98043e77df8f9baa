"""QEMU's machine protocol: one question, one answer, JSON by line.

Source: QEMU, docs/interop/qmp-spec; ``query-replay`` tells the instructions executed
since the start, exactly, where the virtual clock counts them (``-icount``).
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any

from ...harness.errors import WorkerDied, WorkerError, WorkerTimeout

ANSWER_S = 20.0


class Monitor:
    """The monitor at the other end of a socket."""

    def __init__(self, stream: socket.socket) -> None:
        """Greet it."""
        self._stream = stream
        self._rest = b""
        self._line(ANSWER_S)
        self.ask("qmp_capabilities")

    def ask(self, command: str) -> Any:
        """Return the answer to a command.

        Raises:
            WorkerError: it is refused, or QEMU is gone.
        """
        try:
            self._stream.sendall(json.dumps({"execute": command}).encode() + b"\n")
        except OSError as exc:
            raise WorkerDied(f"the emulator is gone: {exc}") from exc
        while True:
            answer = self._line(ANSWER_S)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise WorkerError(f"QEMU refused {command!r}: {answer['error']}")

    def instructions(self) -> int:
        """Return how many instructions were executed since the start."""
        count = self.ask("query-replay").get("icount")
        if not isinstance(count, int):
            raise WorkerError("QEMU does not tell how many instructions it executed")
        return count

    def _line(self, limit_s: float) -> dict[str, Any]:
        end_s = time.monotonic() + limit_s
        while b"\n" not in self._rest:
            self._stream.settimeout(max(0.001, end_s - time.monotonic()))
            try:
                came = self._stream.recv(1 << 16)
            except TimeoutError as exc:
                raise WorkerTimeout("QEMU does not answer") from exc
            except OSError as exc:
                raise WorkerDied(f"the emulator is gone: {exc}") from exc
            if not came:
                raise WorkerDied("the emulator ended")
            self._rest += came
        line, _, self._rest = self._rest.partition(b"\n")
        answer = json.loads(line)
        return answer if isinstance(answer, dict) else {}
