"""A device that speaks MLPerf Tiny's protocol as its reference firmware does.

``Firmware`` is pure: it takes bytes at a moment and says which bytes come back when.
``Loopback`` is a stream to one in virtual time, ``Pty`` a real pseudo-terminal with one
behind it. A ``twist`` turns what would come back into something else.
"""

import os
import pty
import re
import select
import struct
import threading
import time
import tty
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tierbench.harness.errors import WorkerDied

COMMAND_CHARACTERS = 80
Events = list[tuple[float, bytes]]
"""Moments in seconds, and what is sent then."""

Twist = Callable[[str, Events], Events]
"""From a command and its reply to what the host gets to see."""


def honest(command: str, events: Events) -> Events:
    return events


def atoi(text: str) -> int:
    """Return the number that a text begins with, as C does."""
    match = re.match(r"\s*[-+]?\d{1,9}", text, re.ASCII)
    return int(match[0]) if match else 0


def averages(values: bytes) -> list[float]:
    """Compute something cheap of int8 inputs: four results within -1 to 1."""
    if not values:
        return [0.0] * 4
    signed = struct.unpack(f"{len(values)}b", values)
    return [sum(signed[i::4]) / 128 / max(1, len(signed[i::4])) for i in range(4)]


@dataclass
class Firmware:
    compute: Callable[[bytes], Sequence[float]] = averages
    name: str = "sim"
    model: str = "own01"
    call_s: float = 0.002
    energy: bool = False
    buffer_max: int = 27_648
    command_characters: int = COMMAND_CHARACTERS
    offset_us: int = 0
    timer_rate: float = 1e6
    calls: int = 0
    edges_s: list[float] = field(default_factory=list)
    """When the pin fell, in energy mode."""

    _command: bytes = b""
    _buffer: bytearray = field(default_factory=bytearray)
    _filled: int = 0
    _results: list[float] = field(default_factory=list)

    def boot(self, now_s: float) -> Events:
        mode = "energy" if self.energy else "performance"
        said = [f"m-timestamp-mode-{mode}", *self._timestamp(now_s), "m-init-done"]
        return self._say(now_s, *said, "m-ready")

    def commands(self, data: bytes) -> list[str]:
        """Return the commands that are complete with these bytes."""
        found = []
        for byte in data:
            if byte == ord("%"):
                found.append(self._command.decode("latin-1"))
                self._command = b""
            else:
                # The last character is overwritten when the buffer is full.
                kept = self._command[: self.command_characters]
                self._command = kept + bytes([byte])
        return found

    def reply(self, command: str, now_s: float) -> Events:
        words = command.split(" ")
        events = self._replies(words, command, now_s)
        end_s = events[-1][0] if events else now_s
        return [*events, *self._say(end_s, "m-ready")]

    def _replies(self, words: list[str], command: str, now_s: float) -> Events:
        if words[0] == "name":
            return self._say(now_s, f"m-name-dut-[{self.name}]")
        if words[0] == "timestamp":
            return self._say(now_s, *self._timestamp(now_s))
        if words[0] == "profile":
            profile = "m-profile-[ULPMark for tinyML Firmware V0.0.1]"
            return self._say(now_s, profile, f"m-model-[{self.model}]")
        if words[0] == "results":
            return self._say(now_s, self._told())
        if words[0] == "infer":
            return self._infer(words, now_s)
        if words[0] == "db" and len(words) > 1:
            return self._db(words, now_s)
        return self._say(now_s, f"e-[Unknown command: {words[0]}]")

    def _infer(self, words: list[str], now_s: float) -> Events:
        calls = atoi(words[1]) if len(words) > 1 else 1
        warm_ups = atoi(words[2]) if len(words) > 2 else 10
        if calls <= 0:
            return self._say(now_s, "e-[Inference iterations must be >0]")
        self._results = list(self.compute(bytes(self._buffer)))
        self.calls += calls + warm_ups
        begin_s = now_s + warm_ups * self.call_s
        end_s = begin_s + calls * self.call_s
        first, last = self._timestamp(begin_s), self._timestamp(end_s)
        return [
            *self._say(now_s, f"m-warmup-start-{warm_ups}"),
            *self._say(begin_s, "m-warmup-done", f"m-infer-start-{calls}", *first),
            *self._say(end_s, *last, "m-infer-done", self._told()),
        ]

    def _db(self, words: list[str], now_s: float) -> Events:
        if words[1] == "load":
            size = atoi(words[2]) if len(words) > 2 else 0
            if size <= 0:
                return self._say(now_s, "e-[Command 'db load' must be >0 bytes]")
            if size > self.buffer_max:
                told = f"Supplied buffer size {size} exceeds maximum of "
                return [(now_s, f"{told}{self.buffer_max}\n".encode())]
            self._buffer, self._filled = bytearray(size), 0
            return self._say(now_s, f"m-[Expecting {size} bytes]")
        if words[1] == "print":
            return self._print(now_s)
        digits = words[1]
        if len(digits) % 2:
            return self._say(now_s, "e-[Insufficent number of hex digits]")
        for pair in re.findall("..", digits):
            if not re.fullmatch("[0-9a-fA-F]{2}", pair):
                return self._say(now_s, f"e-[Invalid hex digit '{pair}']")
            if self._filled < len(self._buffer):
                self._buffer[self._filled] = int(pair, 16)
                self._filled += 1
                if self._filled == len(self._buffer):
                    return self._say(now_s, "m-load-done")
        return []

    def _print(self, now_s: float) -> Events:
        rows = [self._buffer[i : i + 8] for i in range(0, len(self._buffer), 8)]
        said = ["m-buffer-" + row.hex("-") for row in rows]
        return self._say(now_s, *said, *([""] if len(self._buffer) % 8 else []))

    def _timestamp(self, at_s: float) -> list[str]:
        if self.energy:
            self.edges_s.append(at_s)
            return []
        count = int(at_s * self.timer_rate) + self.offset_us
        return [f"m-lap-us-{count % (1 << 32)}"]

    def _told(self) -> str:
        results = self._results or [0.0]
        return f"m-results-[{','.join(f'{value:.3f}' for value in results)}]"

    def _say(self, at_s: float, *lines: str) -> Events:
        return [(at_s, f"{line}\r\n".encode()) for line in lines]


class Board:
    """MLPerf Tiny's interface board before a firmware."""

    def __init__(self, firmware: Firmware) -> None:
        self.firmware = firmware

    def boot(self, now_s: float) -> Events:
        return []

    def commands(self, data: bytes) -> list[str]:
        return self.firmware.commands(data)

    def reply(self, command: str, now_s: float) -> Events:
        ready = (now_s, b"m-ready\r\n")
        if not command.startswith("dut "):
            return [(now_s, b"tinyML Enhanced Interface Board\r\n"), ready]
        passed = command.removeprefix("dut ")
        events = self.firmware.reply(passed, now_s)
        told = f"m-dut-passthrough({passed})\r\n".encode()
        return [(now_s, told), ready, *((at, b"[dut]: " + x) for at, x in events)]


class VirtualTime:
    """What stands for the module ``time`` where no time passes by itself."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def monotonic_ns(self) -> int:
        return round(1e9 * self.now_s)

    def time_ns(self) -> int:
        return self.monotonic_ns()

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


class Loopback:
    """A stream to a firmware in virtual time; it also plays a serial port."""

    def __init__(
        self, firmware: Firmware | Board, clock: VirtualTime, twist: Twist = honest
    ) -> None:
        self.firmware, self.clock, self.twist = firmware, clock, twist
        self.sent: list[str] = []
        self.received = bytearray()
        self.gone = False
        self.closed = False
        self.bytes_per_s = 11_520.0
        self._events: deque[tuple[float, bytes]] = deque()

    def set_baud(self, baud: int) -> None:
        self.bytes_per_s = baud / 10

    def write(self, data: bytes) -> None:
        self._check()
        for command in self.firmware.commands(data):
            self.sent.append(command)
            reply = self.firmware.reply(command, self.clock.now_s)
            self._events.extend(self.twist(command, reply))

    def read(self, n: int, timeout_s: float) -> bytes:
        self._check()
        end_s = self.clock.now_s + timeout_s
        if not self._events or self._events[0][0] > end_s:
            self.clock.now_s = end_s
            return b""
        at_s, data = self._events.popleft()
        self.clock.now_s = max(self.clock.now_s, at_s)
        if len(data) > n:
            self._events.appendleft((at_s, data[n:]))
        self.received += data[:n]
        return data[:n]

    def close(self) -> None:
        self.closed = True

    def _check(self) -> None:
        if self.gone:
            raise WorkerDied("the port is gone")


class Pty:
    """A pseudo-terminal with a firmware behind it, in real time; a context manager."""

    def __init__(self, firmware: Firmware | Board, twist: Twist = honest) -> None:
        self.firmware, self.twist = firmware, twist
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._ends = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Pty":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close both ends, as if the cable were pulled."""
        if not self._ends:
            self._ends = True
            self._thread.join()
            os.close(self._master)
            os.close(self._slave)

    def _serve(self) -> None:
        events = self.firmware.boot(time.monotonic())
        while not self._ends:
            wait_s = 0.05
            if events:
                wait_s = min(wait_s, max(0.0, events[0][0] - time.monotonic()))
            if select.select([self._master], [], [], wait_s)[0]:
                for command in self.firmware.commands(os.read(self._master, 4096)):
                    reply = self.firmware.reply(command, time.monotonic())
                    events += self.twist(command, reply)
            while events and events[0][0] <= time.monotonic():
                os.write(self._master, events.pop(0)[1])
