"""The firmware's serial line, asked in MLPerf Tiny's device protocol.

An emulated line loses nothing, so that an answer that is not as it should be is an
error at once.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from ...harness.errors import CaseError, WorkerError, WorkerTimeout
from .emulator import Emulator

CHUNK_BYTES = 31
"""Bytes that fit into one command of 80 characters, two digits each."""

ANSWER_S = 20.0
REPLY_BYTES_MAX = 8 << 20
LAP_RANGE_US = 1 << 32

_READY = b"m-ready\r\n"
_BYTES = re.compile(r"m-output-([0-9a-f]{2}(?:-[0-9a-f]{2})*)")
_RESULTS = re.compile(r"m-results-\[([^\]]*)\]")
_LAP = re.compile(r"m-lap-us-(\d{1,10})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What ``infer`` led to: its results, its microseconds of virtual time, a count."""

    results: tuple[float, ...]
    device_us: int | None
    instructions: int | None = None


class Board:
    """A firmware that has started and answers."""

    def __init__(self, emulator: Emulator, limit_s: float) -> None:
        """Wait until it is ready.

        Raises:
            WorkerTimeout: it does not say so within the limit.
        """
        self._emulator = emulator
        self._limit_s = limit_s
        self._rest = b""
        self.banner = self._reply("start")

    def ask(self, command: str) -> list[str]:
        """Return the lines of the reply to a command, ``m-ready`` apart.

        Raises:
            CaseError: the firmware refuses the command.
            WorkerTimeout: it does not answer.
        """
        self._emulator.write(f"{command}%".encode("ascii"))
        return self._reply(command)

    def load(self, data: bytes) -> None:
        """Fill the input's buffer over the serial line.

        Raises:
            CaseError: the firmware expects another number of bytes.
        """
        answer = self.ask(f"db load {len(data)}")
        if answer != [f"m-[Expecting {len(data)} bytes]"]:
            raise CaseError(f"the firmware takes no {len(data)} bytes: {answer}")
        for start in range(0, len(data), CHUNK_BYTES):
            answer = self.ask(f"db {data[start : start + CHUNK_BYTES].hex()}")
        if answer != ["m-load-done"]:
            raise WorkerError(f"{len(data)} bytes were loaded, and it said {answer}")

    def infer(self, counted: bool) -> Answer:
        """Compute once; ``counted`` needs a firmware with the markers."""
        command = "infer 1 0"
        if not counted:
            return _answer(self.ask(command), None)
        count = self._emulator.count(f"{command}%".encode("ascii"), self._limit_s)
        return _answer(self._reply(command), count)

    def outputs(self) -> bytes | None:
        """Return the outputs' bytes; None where the firmware is not ours."""
        try:
            matches = [_BYTES.fullmatch(line) for line in self.ask("output")]
        except CaseError:
            return None
        if not all(matches):
            return None
        return bytes.fromhex("".join(m[1].replace("-", "") for m in matches if m))

    def _reply(self, command: str) -> list[str]:
        end_s = time.monotonic() + self._limit_s
        while not self._rest.endswith(_READY):
            left_s = end_s - time.monotonic()
            if left_s <= 0 or len(self._rest) > REPLY_BYTES_MAX:
                said = self._rest[-80:].decode("ascii", "backslashreplace")
                raise WorkerTimeout(
                    f"no whole answer to {command!r} in time; the last of it: {said!r}"
                )
            self._rest += self._emulator.read(1 << 16, left_s)
        text, self._rest = self._rest.decode("ascii", "backslashreplace"), b""
        lines = text.split("\r\n")[:-2]
        refused = next((line for line in lines if line.startswith("e-[")), None)
        if refused is not None:
            raise CaseError(f"the firmware refused {command[:40]!r}: {refused[:200]}")
        return lines


def _answer(lines: list[str], instructions: int | None) -> Answer:
    laps = [int(match[1]) for match in map(_LAP.fullmatch, lines) if match]
    found = [match[1] for match in map(_RESULTS.fullmatch, lines) if match]
    if len(found) != 1 or len(laps) not in (0, 2):
        raise WorkerError(f"the firmware answered 'infer' by {lines[:8]}")
    try:
        values = tuple(float(x) for x in found[0].removesuffix(",").split(","))
    except ValueError as exc:
        raise WorkerError(f"results that are no numbers: {found[0][:80]!r}") from exc
    device_us = (laps[1] - laps[0]) % LAP_RANGE_US if laps else None
    return Answer(results=values, device_us=device_us, instructions=instructions)
