"""A child process that runs the worker's zipapp and speaks the protocol."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any, cast

from .device.wire import Tensor, WireError, read_frame, write_frame
from .errors import CaseError, TargetUnavailable, WorkerDied, WorkerError, WorkerTimeout
from .pack import pack
from .pipe import DeadlineReader, DeadlineWriter, PipeTimeout

START_LIMIT_S = 60.0
LAST_WORDS_BYTES = 4096
PRINTED_LIMIT_BYTES = 16 << 20


class Process:
    """A child that runs the worker's zipapp and speaks the protocol."""

    def __init__(self, modules: tuple[str, ...], python: str | None = None) -> None:
        """Start the child.

        Args:
            modules: the device half's modules that travel with the core.
            python: the interpreter to run it; None for this one.

        Raises:
            TargetUnavailable: that Python cannot be started.
        """
        executable = python or sys.executable
        command = [executable, "-B", str(pack(modules)), str(os.getpid())]
        self._printed: IO[bytes] = tempfile.TemporaryFile("ab+")  # noqa: SIM115
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._printed,
                start_new_session=True,
            )
        except OSError as exc:
            self._printed.close()
            raise TargetUnavailable(
                executable, f"it cannot be started: {exc}", "give an existing Python"
            ) from exc
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._reader = DeadlineReader(self._child.stdout.fileno())
        self._writer = DeadlineWriter(self._child.stdin.fileno())
        self._greeted = False

    @property
    def pid(self) -> int:
        """Return the child's process id."""
        return self._child.pid

    def greet(self) -> dict[str, Any]:
        """Wait for the child's greeting and return what it says of its machine."""
        header, _ = self._receive("start", START_LIMIT_S)
        self._greeted = True
        hello = header.get("hello")
        if not isinstance(hello, dict):
            raise self._broken("start", "no greeting")
        return hello

    def request(
        self,
        op: str,
        limit_s: float,
        tensors: Sequence[Tensor] = (),
        **arguments: Any,
    ) -> tuple[dict[str, Any], list[Tensor]]:
        """Send one request and return the reply.

        Raises:
            CaseError: the runtime refused.
            WorkerDied: the child ended.
            WorkerTimeout: no answer within the limit; the child is killed.
            WorkerError: the child broke the protocol.
        """
        if not self._greeted:
            self.greet()
        self._writer.deadline = time.monotonic() + limit_s
        try:
            write_frame(cast(Any, self._writer), {"op": op, **arguments}, tensors)
        except PipeTimeout:
            raise self._timed_out(op, limit_s) from None
        except OSError:
            raise self._died(op) from None
        header, arrays = self._receive(op, limit_s)
        self._forget_old_prints()
        if not header.get("ok"):
            raise CaseError(str(header.get("message", "no reason given")))
        return header, arrays

    def close(self) -> None:
        """End the child and wait for it; never raises."""
        for pipe in (self._child.stdin, self._child.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            self._child.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._kill()
        self._printed.close()

    def _receive(self, op: str, limit_s: float) -> tuple[dict[str, Any], list[Tensor]]:
        self._reader.deadline = time.monotonic() + limit_s
        try:
            frame = read_frame(cast(Any, self._reader))
        except PipeTimeout:
            raise self._timed_out(op, limit_s) from None
        except WireError as exc:
            raise self._broken(op, str(exc)) from exc
        if frame is None:
            raise self._died(op)
        return frame

    def _timed_out(self, op: str, limit_s: float) -> WorkerTimeout:
        self._kill()
        return WorkerTimeout(
            f"no answer to {op!r} within {limit_s:g} s; the worker was killed"
            f"{self._last_words()}"
        )

    def _died(self, op: str) -> WorkerDied:
        try:
            status = self._child.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._kill()
            return WorkerDied(f"the worker closed its pipe during {op!r}")
        how = f"ended with status {status}"
        if status < 0:
            how = f"was ended by {_signal_name(-status)}"
        return WorkerDied(f"the worker {how} during {op!r}{self._last_words()}")

    def _broken(self, op: str, what: str) -> WorkerError:
        self._kill()
        return WorkerError(f"the worker broke the protocol during {op!r}: {what}")

    def _kill(self) -> None:
        """Kill the child and all it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):  # a driver may hold it in the kernel
            self._child.wait(timeout=5.0)

    def _last_words(self) -> str:
        self._printed.seek(0, os.SEEK_END)
        self._printed.seek(max(0, self._printed.tell() - LAST_WORDS_BYTES))
        lines = self._printed.read().decode("utf-8", "replace").split("\n")
        words = [" ".join(line.split()) for line in lines if line.strip()]
        return f"; it last printed {words[-1][:300]!r}" if words else ""

    def _forget_old_prints(self) -> None:
        if os.fstat(self._printed.fileno()).st_size > PRINTED_LIMIT_BYTES:
            self._printed.truncate(0)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
