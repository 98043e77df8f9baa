"""A firmware in QEMU: its serial line, its instructions, its memory.

The virtual clock counts instructions (``-icount shift=0``: one is a nanosecond), so
that nothing depends on the machine underneath. Counts are exact: the program stops at
two breakpoints, and QEMU tells how many instructions lie between.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Self

from ...harness.errors import TargetUnavailable, WorkerDied
from .build import REMEDY
from .debugger import Debugger
from .elf import Program
from .monitor import Monitor

QEMU = "qemu-system-arm"
BEGIN, END = "inference_begin", "inference_end"
"""The functions that the firmware calls around an inference."""

INPUT = "model_input"
STACK_LIMIT, STACK_TOP = "stack_limit", "stack_top"
STACK_PAINT = b"\xc5"
POLL_S = 0.05
WORDS_BYTES = 4096
_STREAMS = ("line", "debugger", "monitor")


class Emulator:
    """One QEMU process; ``read`` and ``write`` are the board's serial line."""

    def __init__(self, machine: str, firmware: Path, program: Program) -> None:
        """Start the firmware on a machine, by its name in QEMU.

        Raises:
            TargetUnavailable: QEMU is missing or does not start.
        """
        self._program = program
        pairs = {name: socket.socketpair() for name in _STREAMS}
        self._words = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._child = subprocess.Popen(
                _command(machine, firmware, {n: p[1] for n, p in pairs.items()}),
                stdin=subprocess.DEVNULL,
                stdout=self._words,
                stderr=self._words,
                pass_fds=[pair[1].fileno() for pair in pairs.values()],
                start_new_session=True,
            )
        finally:
            for _, theirs in pairs.values():
                theirs.close()
        self._guard = _guard(self._child.pid)
        self._streams = [pair[0] for pair in pairs.values()]
        self._line, debugger, monitor = self._streams
        try:
            self._debugger, self._monitor = Debugger(debugger), Monitor(monitor)
            self._debugger.resume()
        except BaseException:
            self.close()
            raise

    def read(self, n: int, timeout_s: float) -> bytes:
        """Return 1 to ``n`` bytes as soon as some are there, none after the timeout.

        Raises:
            WorkerDied: QEMU ended.
        """
        end_s = time.monotonic() + timeout_s
        while True:
            left_s = end_s - time.monotonic()
            self._line.settimeout(max(0.001, min(left_s, POLL_S)))
            try:
                came = self._line.recv(n)
            except TimeoutError:
                if left_s <= 0:
                    return b""
                # QEMU forgets to look at the line after a UART was switched on;
                # whatever else comes in wakes it.
                self._monitor.ask("query-status")
                continue
            except OSError as exc:
                raise self._gone() from exc
            if not came:
                raise self._gone()
            return came

    def write(self, data: bytes) -> None:
        """Send bytes to the board.

        Raises:
            WorkerDied: QEMU ended.
        """
        self._line.settimeout(None)
        try:
            self._line.sendall(data)
        except OSError as exc:
            raise self._gone() from exc

    @property
    def counts(self) -> bool:
        """Tell whether the firmware has the functions that counting rests on."""
        return {BEGIN, END} <= self._program.symbols.keys()

    def count(self, command: bytes, limit_s: float) -> int:
        """Return the instructions of the first inference that a command leads to.

        Counted is from the first instruction of one marker to that of the other: the
        return from the one and the calls are in it. The program then goes on.

        Raises:
            WorkerTimeout: there was no inference within the limit.
        """
        begin, end = (self._program.symbols[name].address for name in (BEGIN, END))
        self._debugger.halt()
        self._debugger.set_breakpoint(begin)
        self._debugger.resume()
        self.write(command)
        self._debugger.wait(limit_s)
        before = self._monitor.instructions()
        self._debugger.clear_breakpoint(begin)
        self._debugger.set_breakpoint(end)
        self._debugger.resume()
        self._debugger.wait(limit_s)
        after = self._monitor.instructions()
        self._debugger.clear_breakpoint(end)
        self._debugger.resume()
        return after - before

    def write_input(self, data: bytes) -> bool:
        """Put the model's inputs where it reads them; False where nobody knows where.

        Over the serial line the same takes a hundred times as long.
        """
        place = self._program.symbols.get(INPUT)
        if place is None or len(data) > place.size_bytes:
            return False
        self._debugger.halt()
        self._debugger.write_memory(place.address, data)
        self._debugger.resume()
        return True

    def pause(self) -> None:
        """Let the program stand still: one that waits for a command would spin."""
        self._debugger.halt()

    def resume(self) -> None:
        """Let the program go on."""
        if not self._debugger.running:
            self._debugger.resume()

    def stack_high_water_bytes(self) -> int | None:
        """Return how much of the stack was in use at most; None without its symbols.

        The firmware paints its stack at the start; what lies deepest without the paint
        was written.
        """
        symbols = self._program.symbols
        if not {STACK_LIMIT, STACK_TOP} <= symbols.keys():
            return None
        limit, top = (symbols[n].address for n in (STACK_LIMIT, STACK_TOP))
        self._debugger.halt()
        stack = self._debugger.memory(limit, top - limit)
        self._debugger.resume()
        untouched = len(stack) - len(stack.lstrip(STACK_PAINT))
        return len(stack) - untouched

    def close(self) -> None:
        """End QEMU."""
        for process in (self._guard, self._child):
            process.kill()
            process.wait()
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        for stream in self._streams:
            stream.close()
        self._words.close()

    def __enter__(self) -> Self:
        """Return the emulator."""
        return self

    def __exit__(self, *_: object) -> None:
        """End QEMU."""
        self.close()

    def _gone(self) -> WorkerDied:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(1.0)
        self._words.seek(0)
        words = self._words.read(WORDS_BYTES).decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(words) if line.strip()), "")
        return WorkerDied(f"QEMU ended with status {self._child.poll()}: {last[:300]}")


@cache
def qemu_version() -> str:
    """Return QEMU's version.

    Raises:
        TargetUnavailable: it is not there.
    """
    found = shutil.which(QEMU)
    if found is None:
        raise TargetUnavailable("cortex-m-qemu", f"{QEMU} is not found", REMEDY)
    done = subprocess.run([found, "--version"], capture_output=True, check=False)
    match = re.search(r"version (\S+)", done.stdout.decode("utf-8", "replace"))
    return match[1] if match else "unknown"


def _command(
    machine: str, firmware: Path, streams: dict[str, socket.socket]
) -> Sequence[str]:
    found = shutil.which(QEMU)
    if found is None:
        raise TargetUnavailable("cortex-m-qemu", f"{QEMU} is not found", REMEDY)
    command = [found, "-machine", machine, "-nodefaults", "-display", "none"]
    command += ["-icount", "shift=0", "-S", "-kernel", str(firmware)]
    for name, stream in streams.items():
        command += ["-chardev", f"socket,id={name},fd={stream.fileno()}"]
    command += ["-serial", "chardev:line", "-gdb", "chardev:debugger"]
    command += ["-mon", "chardev=monitor,mode=control"]
    return command


def _guard(pid: int) -> subprocess.Popen[bytes]:
    """Start what ends QEMU if we end without doing so: it would spin for ever.

    The kernel's own death signal is sent as soon as the thread ends that started it.
    """
    return subprocess.Popen(
        ["/bin/sh", "-c", 'read _; kill -9 "$0"', str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
