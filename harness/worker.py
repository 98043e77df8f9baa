"""What the scheduler talks to: a worker, here a child process.

A worker opens one session and measures it. It may abort, hang or lie; whatever it
does ends as an error of ours within its limit, and no other case notices.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self, cast

from .device.wire import Tensor, WireError, read_frame, write_frame
from .errors import CaseError, TargetUnavailable, WorkerDied, WorkerError, WorkerTimeout
from .memory import process_memory
from .pack import pack
from .pipe import DeadlineReader, DeadlineWriter, PipeTimeout
from .values import BlockKind, Memory, Setting, TensorSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]

START_LIMIT_S = 60.0
CALLS_MIN_LIMIT_S = 2.0
"""What a block's least calls may take together: they are asked for so that they should
take a second at most."""

LAST_WORDS_BYTES = 4096
PRINTED_LIMIT_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a worker may take: address space, seconds to open, seconds for a call."""

    memory_bytes: int | None = None
    open_s: float = 120.0
    call_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A loaded model: its inputs as the runtime sees them, and the time to load."""

    inputs: tuple[TensorSpec, ...]
    open_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The first call's time, and what really ran."""

    first_call_ns: int
    ran: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The request for one block: until the time is up, within bounds on the count."""

    kind: BlockKind
    calls_min: int
    calls_max: int
    duration_ns: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """One measured block: int64 nanoseconds per call, see ``values.Block``.

    ``started_at_ns`` is Unix time; ``started_ns`` is on the monotonic clock that all
    workers of one machine share.
    """

    started_at_ns: int
    started_ns: int
    elapsed_ns: int
    latency_ns: NDArray[np.int64]
    gap_ns: NDArray[np.int64]
    off_cpu_ns: NDArray[np.int64] | None
    context: Mapping[str, Any]


class Worker(ABC):
    """One session on a device, behind whatever leads there."""

    @abstractmethod
    def open(self) -> Opened:
        """Load the model."""

    @abstractmethod
    def bind(self, inputs: Mapping[str, Array]) -> Bound:
        """Bind the inputs and make the first call."""

    @abstractmethod
    def block(self, stretch: Stretch) -> Measured:
        """Measure one exclusive stretch."""

    @abstractmethod
    def evaluate(self, inputs: Mapping[str, Array]) -> tuple[Array, ...]:
        """Return the outputs for these inputs, which stay bound afterwards."""

    @abstractmethod
    def memory(self) -> Memory:
        """Make one more call and return the memory that the worker takes."""

    @abstractmethod
    def close(self) -> None:
        """End the worker, whatever state it is in; never raises."""

    def __enter__(self) -> Self:
        """Return the worker."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the worker."""
        self.close()


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


class SubprocessWorker(Worker):
    """A worker in a child process, in the target's own Python if need be."""

    def __init__(
        self,
        *,
        modules: tuple[str, ...],
        artifact: Path,
        options: Mapping[str, Setting],
        batch: int,
        limits: Limits,
        python: str | None = None,
    ) -> None:
        """Start the child; nothing is loaded in it yet."""
        self._device_half = modules[-1]
        self._artifact = artifact
        self._options = dict(options)
        self._batch = batch
        self._limits = limits
        self._process = Process(modules, python)

    @property
    def pid(self) -> int:
        """Return the child's process id."""
        return self._process.pid

    def open(self) -> Opened:
        """Load the model."""
        reply, _ = self._process.request(
            "open",
            self._limits.open_s,
            device_half=self._device_half,
            model=str(self._artifact),
            options=self._options,
            batch=self._batch,
            memory_bytes=self._limits.memory_bytes,
        )
        specs = tuple(
            TensorSpec(**{**spec, "shape": tuple(spec["shape"])})
            for spec in reply["inputs"]
        )
        return Opened(inputs=specs, open_ns=reply["open_ns"])

    def bind(self, inputs: Mapping[str, Array]) -> Bound:
        """Bind the inputs and make the first call."""
        reply, _ = self._process.request(
            "bind", self._limits.call_s, tensors=_tensors(inputs)
        )
        return Bound(first_call_ns=reply["first_call_ns"], ran=reply["ran"])

    def block(self, stretch: Stretch) -> Measured:
        """Measure one exclusive stretch."""
        call_s = self._limits.call_s
        calls_s = min(stretch.calls_min * call_s, CALLS_MIN_LIMIT_S)
        limit_s = max(stretch.duration_ns / 1e9, calls_s) + call_s
        reply, tensors = self._process.request(
            "block",
            limit_s,
            kind=str(stretch.kind),
            calls_min=stretch.calls_min,
            calls_max=stretch.calls_max,
            duration_ns=stretch.duration_ns,
        )
        arrays = {tensor.name: _array(tensor) for tensor in tensors}
        off_cpu = arrays["off_cpu"]
        return Measured(
            started_at_ns=reply["started_at_ns"],
            started_ns=reply["started_ns"],
            elapsed_ns=reply["elapsed_ns"],
            latency_ns=arrays["latency"],
            gap_ns=arrays["gap"],
            off_cpu_ns=off_cpu if len(off_cpu) else None,
            context=reply["context"],
        )

    def evaluate(self, inputs: Mapping[str, Array]) -> tuple[Array, ...]:
        """Return the outputs for these inputs."""
        _, tensors = self._process.request(
            "evaluate", self._limits.call_s, tensors=_tensors(inputs)
        )
        return tuple(_array(tensor) for tensor in tensors)

    def memory(self) -> Memory:
        """Return what the worker's process holds."""
        reply, _ = self._process.request("memory", self._limits.call_s)
        return process_memory(reply)

    def close(self) -> None:
        """End the child."""
        self._process.close()


def _tensors(inputs: Mapping[str, Array]) -> list[Tensor]:
    import numpy as np

    return [
        Tensor(name, str(array.dtype), array.shape, np.ascontiguousarray(array).data)
        for name, array in inputs.items()
    ]


def _array(tensor: Tensor) -> Array:
    import numpy as np

    return np.frombuffer(tensor.data, dtype=tensor.dtype).reshape(tensor.shape)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
