"""A process that runs the worker's zipapp and speaks the protocol, here or there."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol, cast

from .device.wire import Tensor, WireError, read_frame, write_frame
from .errors import (
    CaseError,
    LinkLost,
    WorkerDied,
    WorkerError,
    WorkerTimeout,
)
from .local import Local
from .pipe import DeadlineReader, DeadlineWriter, PipeTimeout, last_words
from .remote import is_remote, machine_of

START_LIMIT_S = 60.0
PRINTED_LIMIT_BYTES = 16 << 20


class Transport(Protocol):
    """What leads to a Python: a child of this process, or ``ssh``."""

    closing_s: float
    """How long a worker may take to end after its input closed."""

    def start(
        self, modules: tuple[str, ...], printed: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a worker, or what stands for it here, in a session of its own."""

    def place(self, artifact: Path) -> str:
        """Return where the workers find a file of this machine."""

    def end(self, status: int) -> str:
        """Return how a worker ended, as the end of a sentence about it."""

    def loss(self, status: int | None) -> str | None:
        """Return how the link was lost, or None where it stands.

        Args:
            status: how the child here ended; None where it does not answer.
        """


def transport(python: str | None) -> Transport:
    """Return what leads to a Python: its name, or None for this one."""
    if python is None or not is_remote(python):
        return Local(python)
    from .ssh import Ssh  # only a target on another machine needs it

    return Ssh(python)


class Process:
    """A process that runs the worker's zipapp and speaks the protocol."""

    def __init__(self, modules: tuple[str, ...], python: str | None = None) -> None:
        """Start it.

        Args:
            modules: the device half's modules that travel with the core.
            python: the interpreter to run it; None for this one.

        Raises:
            TargetUnavailable: that Python cannot be started.
        """
        self.machine = machine_of(python)
        """The other machine that it runs on, None for this one."""
        self._transport = transport(python)
        self._printed: IO[bytes] = tempfile.TemporaryFile("ab+")  # noqa: SIM115
        try:
            self._child = self._transport.start(modules, self._printed)
        except BaseException:
            self._printed.close()
            raise
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._reader = DeadlineReader(self._child.stdout.fileno())
        self._writer = DeadlineWriter(self._child.stdin.fileno())
        self._greeted = False

    @property
    def pid(self) -> int:
        """Return the id of the process here."""
        return self._child.pid

    def place(self, artifact: Path) -> str:
        """Return where the process finds a file of this machine, which may be sent.

        Raises:
            WorkerError: it cannot be sent.
        """
        return self._transport.place(artifact)

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
            LinkLost: the link to its machine was lost.
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
            self._child.wait(timeout=self._transport.closing_s)
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

    def _timed_out(self, op: str, limit_s: float) -> WorkerError:
        loss = self._transport.loss(None)
        self._kill()
        if loss is not None:
            return self._lost(op, loss)
        return WorkerTimeout(
            f"no answer to {op!r} within {limit_s:g} s; the worker was killed"
            f"{self._last_words()}"
        )

    def _died(self, op: str) -> WorkerError:
        try:
            status = self._child.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._kill()
            return WorkerDied(f"the worker closed its pipe during {op!r}")
        if (loss := self._transport.loss(status)) is not None:
            return self._lost(op, loss)
        how = self._transport.end(status)
        return WorkerDied(f"the worker {how} during {op!r}{self._last_words()}")

    def _lost(self, op: str, loss: str) -> LinkLost:
        return LinkLost(f"the link to {self.machine} was lost during {op!r}: {loss}")

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
        words = last_words(self._printed)
        return f"; it last printed {words!r}" if words else ""

    def _forget_old_prints(self) -> None:
        if os.fstat(self._printed.fileno()).st_size > PRINTED_LIMIT_BYTES:
            self._printed.truncate(0)
