"""The MLPerf Tiny device protocol, as its host, over any byte stream.

Source: mlcommons/tiny, ``benchmark/api`` (device) and ``benchmark/runner`` (host). A
command ends with ``%``; the reply is lines, the last of them ``m-ready``. The device
keeps 80 characters of a command. There is no checksum: what was downloaded is read back
and compared, results are asked for twice, and what does not add up is asked again a few
times, then refused.

::

    device = Device(stream, bytes_per_s=11_520)
    told = device.greet()
    device.download(data)
    device.infer(100, warm_ups=1, limit_s=60.0).device_us
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from ...harness.errors import CaseError, WorkerError, WorkerTimeout
from .lines import Garbled, Line, Lines, Stream
from .replies import (
    VALUE_CHARACTERS,
    Inference,
    first_other,
    inference,
    lap_us,
    named,
    printed_bytes,
    results,
)

TRIES = 3
ANSWER_S = 2.0
"""How long a device may think about a command that computes nothing."""

SLOWNESS = 3.0
"""How many times longer than the baud rate says a transfer may take."""

LINE_MAX = 256
RESULTS_LINE_MAX = 1 << 20
LINES_MAX = 64
CHUNK_BYTES = 31
"""Bytes that fit into one command: 80 characters, two digits each."""

BOARD_CHUNK_BYTES = 26
"""The same through the interface board, which takes some of the characters."""

PRINTED_BYTES = 6
"""What ``db print`` sends for each byte of the buffer, at most."""

BOARD = "Interface Board"
"""What the interface board's own name ends in."""

BOARD_PREFIX = "[dut]: "
CALLS_MAX = (1 << 31) - 1
"""The device reads the number of inferences as a C int."""

CLOCK_SHARE = 0.05
CLOCK_SLACK_US = 250_000.0
"""How far a device's window may be off this machine's clock: oscillators without a
crystal are off by a few percent, and a line comes late by buffers and scheduling."""

READY = "m-ready"
BANNERS = (b"m-timestamp-mode-", b"m-init-done")
"""What a device says only when it starts."""

_Told = TypeVar("_Told")


class DeviceRestarted(WorkerError):
    """The device started anew in the midst of its work: what it held is lost."""


class _Refused(WorkerError):
    """The device answered ``e-[...]``: noise in the command, or it cannot do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a device says of itself.

    ``energy`` where its firmware tells no times; ``through_board`` where MLPerf Tiny's
    interface board lies between and passes commands on.
    """

    name: str
    profile: str
    model: str
    energy: bool
    through_board: bool


class Device:
    """A device that speaks the protocol at the other end of a stream."""

    def __init__(
        self, stream: Stream, *, bytes_per_s: float, checks_clock: bool = True
    ) -> None:
        """Take the stream; nothing is sent yet.

        Args:
            stream: to the device.
            bytes_per_s: how fast the line is, for the time that a transfer may take.
            checks_clock: whether a window must last as long by this machine's clock as
                by the device's; not on an emulator, whose time is not ours.
        """
        self._lines = Lines(stream)
        self._bytes_per_s = bytes_per_s
        self._checks_clock = checks_clock
        self._through_board = False
        self._energy: bool | None = None

    def greet(self, tries: int = TRIES) -> Told:
        """Find out who is there, whatever it was saying before.

        Raises:
            WorkerTimeout: nobody answers.
            WorkerError: what answers does not speak the protocol.
            CaseError: it refuses to say.
        """
        self._through_board = False
        (name,) = self._insist("name", self._hello, tries)
        profile, model = self._insist(
            "profile", lambda: named(self._ask("profile"), "profile", "model")
        )
        lap = self._insist("timestamp", lambda: lap_us(self._ask("timestamp")))
        self._energy = lap is None
        return Told(
            name=name,
            profile=profile,
            model=model,
            energy=self._energy,
            through_board=self._through_board,
        )

    def download(self, data: bytes) -> None:
        """Fill the device's buffer, and read it back.

        Raises:
            CaseError: the device refuses so many bytes.
            WorkerError: the buffer does not come to hold them.
        """
        self._insist("db", lambda: self._download(data))

    def infer(self, calls: int, warm_ups: int, limit_s: float) -> Inference:
        """Let the device compute, and return its laps and results.

        Args:
            calls: inferences between the laps.
            warm_ups: inferences before them.
            limit_s: how long all of it may take; it is not asked again after that.

        Raises:
            CaseError: the device refuses.
            WorkerTimeout: it does not answer in time.
            WorkerError: its answer cannot be trusted.
        """
        return self._insist(
            "infer",
            lambda: self._infer(calls, warm_ups, limit_s),
            again_when_late=False,
        )

    def _infer(self, calls: int, warm_ups: int, limit_s: float) -> Inference:
        command = f"infer {calls} {warm_ups}"
        told = inference(
            self._exchange(command, limit_s, RESULTS_LINE_MAX), calls, warm_ups
        )
        if self._energy is not None and self._energy is not (told.device_us is None):
            raise Garbled("'infer' told laps and 'timestamp' none, or the reverse")
        if self._checks_clock:
            _check_clock(told)
        length_max = LINE_MAX + VALUE_CHARACTERS * len(told.results)
        again = results(self._ask("results", length_max))
        if again != told.results:
            raise Garbled(
                "the results changed as they were asked for again, the first other one "
                f"{first_other(told.results, again)}"
            )
        return told

    def _download(self, data: bytes) -> None:
        due = [f"m-[Expecting {len(data)} bytes]"]
        answer = self._ask(f"db load {len(data)}")
        if answer and answer[0].startswith("Supplied buffer size"):
            raise CaseError(f"the device's buffer is too small: {answer[0]!r}")
        _check(answer, due)
        size = BOARD_CHUNK_BYTES if self._through_board else CHUNK_BYTES
        for start in range(0, len(data), size):
            chunk = data[start : start + size]
            due = ["m-load-done"] if start + size >= len(data) else []
            _check(self._ask(f"db {chunk.hex()}"), due)
        held = printed_bytes(self._ask("db print", 16 + 4 * len(data), len(data)))
        if held != data:
            raise Garbled(
                f"the device holds other bytes than it was sent: {len(held)} of "
                f"{len(data)}, the first other one {first_other(data, held)}"
            )

    def _insist(
        self,
        what: str,
        act: Callable[[], _Told],
        tries: int = TRIES,
        again_when_late: bool = True,
    ) -> _Told:
        """Ask a few times, from silence each time, before what came is an error."""
        last: WorkerError | None = None
        for _ in range(tries):
            try:
                if last is not None:
                    self._settle(what, last)
                return act()
            except (Garbled, _Refused) as exc:
                last = exc
            except WorkerTimeout as exc:
                if not again_when_late:
                    raise
                last = exc
        told = f"{what!r} failed {tries} times, at last so: {last}"
        if isinstance(last, WorkerTimeout):
            raise WorkerTimeout(told) from last
        kind = CaseError if isinstance(last, _Refused) else WorkerError
        raise kind(told) from last

    def _settle(self, what: str, problem: WorkerError) -> None:
        """Wait for silence after a problem; one that never ends is the end.

        Raises:
            WorkerError: the line does not fall silent, or the device started anew.
        """
        try:
            came = self._lines.settle()
        except Garbled as exc:
            raise WorkerError(f"{what!r} failed: {problem}; and {exc}") from exc
        self._check_restart(came, what)

    def _hello(self) -> tuple[str, ...]:
        """Return the device's name by the first command, which noise may precede.

        A device that has just started says so first; one that got half a command
        before does not know this one; MLPerf Tiny's interface board has another name.
        """
        self._lines.settle()
        texts = [line.text for line in self._exchange("name", ANSWER_S, starting=True)]
        if BOARD in texts[-1]:
            self._through_board = True
            texts = self._ask("name")
        return named(texts[-1:], "name-dut")

    def _ask(
        self, command: str, length_max: int = LINE_MAX, more_lines: int = 0
    ) -> list[str]:
        """Return the lines of a reply that takes no computing."""
        traffic = len(command) + max(length_max, PRINTED_BYTES * more_lines)
        limit_s = ANSWER_S + SLOWNESS * traffic / self._bytes_per_s
        came = self._exchange(command, limit_s, length_max, more_lines)
        return [line.text for line in came]

    def _exchange(
        self,
        command: str,
        limit_s: float,
        length_max: int = LINE_MAX,
        more_lines: int = 0,
        starting: bool = False,
    ) -> list[Line]:
        """Send one command and return the lines of its reply, ``m-ready`` apart.

        Where the device may be ``starting``, the reply ends with its name.

        Raises:
            _Refused: the device says that it is an error.
            DeviceRestarted: it started anew.
            Garbled: what came is no reply.
            WorkerTimeout: it took too long.
        """
        if not starting:
            self._check_restart(self._lines.waiting(), command)
        sent = f"dut {command}%" if self._through_board else f"{command}%"
        self._lines.write(sent.encode("ascii"))
        came = self._lines.until(
            time.monotonic() + limit_s, length_max, LINES_MAX + more_lines, command
        )
        if self._through_board:
            came = _passed_on(came, command)
        found: list[Line] = []
        for line in came:
            if not starting:
                self._check_restart(line.text.encode("ascii"), command)
            if line.text.startswith("e-["):
                raise _Refused(line.text)
            if line.text != READY:
                found.append(line)
            elif not starting or (found and _is_name(found[-1].text)):
                break
        return found

    def _check_restart(self, came: bytes, command: str) -> None:
        """Raise DeviceRestarted where a device says what it says when it starts."""
        for banner in BANNERS:
            if banner in came:
                raise DeviceRestarted(
                    f"the device started anew during {command!r} ({banner.decode()}): "
                    "its supply, its watchdog or its memory may be the reason"
                )


def _passed_on(came: Iterator[Line], command: str) -> Iterator[Line]:
    """Yield what the device said, after the interface board's acknowledgement.

    Raises:
        Garbled: the interface board says something else.
    """
    for due in (f"m-dut-passthrough({command})", READY):
        told = next(came).text
        if told != due:
            raise Garbled(f"{told!r} came from the interface board instead of {due!r}")
    for line in came:
        if not line.text.startswith(BOARD_PREFIX):
            raise Garbled(f"{line.text!r} came where {BOARD_PREFIX!r} was due")
        if text := line.text.removeprefix(BOARD_PREFIX):
            yield Line(text=text, at_ns=line.at_ns)


def _is_name(text: str) -> bool:
    return text.startswith("m-name-") or BOARD in text


def _check(answer: list[str], due: list[str]) -> None:
    if answer != due:
        raise Garbled(f"{answer!r:.120} came where {due!r} was due")


def _check_clock(told: Inference) -> None:
    """Refuse a window that this machine saw last much longer or shorter.

    Raises:
        Garbled: a lap was garbled, or ran backwards.
    """
    if told.device_us is None:
        return
    off_us = abs(told.device_us - told.host_us)
    if off_us > CLOCK_SHARE * told.device_us + CLOCK_SLACK_US:
        raise Garbled(
            f"{told.calls} inferences took {told.device_us / 1e6:.6g} s by the "
            f"device's laps and {told.host_us / 1e6:.6g} s by this machine's clock: a "
            "lap is wrong, or the device's timer does not count microseconds"
        )
