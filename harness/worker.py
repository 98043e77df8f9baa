"""What the scheduler talks to: a worker, here a child process.

A worker opens one session and measures it. It may abort, hang or lie; whatever it
does ends as an error of ours within its limit, and no other case notices.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .demand import Demand
from .device.wire import Tensor
from .errors import CaseError
from .memory import process_memory
from .process import Process
from .values import BlockKind, Clock, Memory, Setting, TensorSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]

CALLS_MIN_LIMIT_S = 2.0
"""What a block's least calls may take together: they are asked for so that they should
take a second at most."""

COMPLIANCE_PATIENCE = 3.0
COMPLIANCE_EXTRA_S = 60.0
"""A compliance run may take so many times its least duration, and so much more: where
LoadGen finds a device slower than it was measured, it asks on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a worker may take: address space, seconds to open, to build, for a call."""

    memory_bytes: int | None = None
    open_s: float = 120.0
    build_s: float = 1800.0
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
    """The request for one block: until the time is up, within bounds on the count.

    Where calls are due at moments of their own (``demand``), ``calls_max`` come, and
    none begins after the duration.
    """

    kind: BlockKind
    calls_min: int
    calls_max: int
    duration_ns: int
    demand: Demand | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """One measured block: int64 nanoseconds per call, see ``values.Block``.

    ``started_at_ns`` is Unix time; ``started_ns`` is on the monotonic clock that all
    workers of one machine share. ``more`` holds what a demand brought besides, int64
    nanoseconds by quantity. A window that was timed as one holds the mean of its
    ``calls`` as its one latency, by the ``clock`` that timed it. ``marked`` where the
    device pulled a pin down as it began and as it ended.
    """

    started_at_ns: int
    started_ns: int
    elapsed_ns: int
    latency_ns: NDArray[np.int64]
    gap_ns: NDArray[np.int64]
    off_cpu_ns: NDArray[np.int64] | None
    context: Mapping[str, Any]
    more: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    calls: int | None = None
    clock: Clock = Clock.HOST
    marked: bool = False

    @property
    def made(self) -> int:
        """Return how many calls were made."""
        return len(self.latency_ns) if self.calls is None else self.calls


class Worker(ABC):
    """One session on a device, behind whatever leads there."""

    takes_demands = False
    """True where ``block`` does what a stretch's ``demand`` says."""

    def build(self) -> None:
        """Make on the device, and keep there, what sessions of the model open.

        Raises:
            CaseError: the worker cannot, or the runtime refuses the model.
        """
        raise CaseError("this target's workers build nothing of a model")

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

    def show(self, images: Sequence[bytes], layout: Mapping[str, Any]) -> None:
        """Take encoded images and how they become inputs, for the pipeline's frames.

        Raises:
            CaseError: the worker cannot.
        """
        raise CaseError("this target's workers take no frames of a camera")

    def comply(self, scenario: str, settings: Mapping[str, Any], folder: Path) -> None:
        """Let MLCommons' LoadGen ask the session, and write its logs to a folder.

        Raises:
            CaseError: the worker cannot, or has no LoadGen.
        """
        raise CaseError("this target's workers do not run LoadGen")

    @abstractmethod
    def memory(self) -> Memory:
        """Make one more call and return the memory that the worker takes."""

    def rest(self, duration_ns: int) -> int:
        """Let time pass idle; return when it began, on the clock of ``started_ns``."""
        began_ns = time.monotonic_ns()
        time.sleep(duration_ns / 1e9)
        return began_ns

    @abstractmethod
    def close(self) -> None:
        """End the worker, whatever state it is in; never raises."""

    def __enter__(self) -> Self:
        """Return the worker."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the worker."""
        self.close()


class SubprocessWorker(Worker):
    """A worker in a child process, in the target's own Python if need be."""

    takes_demands = True

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

    def build(self) -> None:
        """Let the device half build what sessions of the model open."""
        self._process.request("build", self._limits.build_s, **self._asked)

    def open(self) -> Opened:
        """Load the model."""
        reply, _ = self._process.request(
            "open",
            self._limits.open_s,
            **self._asked,
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
            demand=None if stretch.demand is None else stretch.demand.plain,
        )
        arrays = {tensor.name: _array(tensor) for tensor in tensors}
        latency = arrays.pop("latency")
        none = latency[:0]
        gap, off_cpu = arrays.pop("gap", none), arrays.pop("off_cpu", none)
        return Measured(
            started_at_ns=reply["started_at_ns"],
            started_ns=reply["started_ns"],
            elapsed_ns=reply["elapsed_ns"],
            latency_ns=latency,
            gap_ns=gap,
            off_cpu_ns=off_cpu if len(off_cpu) else None,
            context=reply["context"],
            more=arrays,
        )

    def show(self, images: Sequence[bytes], layout: Mapping[str, Any]) -> None:
        """Take encoded images and how they become inputs."""
        files = [
            Tensor(str(index), "uint8", (len(image),), image)
            for index, image in enumerate(images)
        ]
        limit_s = self._limits.call_s
        self._process.request("show", limit_s, tensors=files, layout=dict(layout))

    def comply(self, scenario: str, settings: Mapping[str, Any], folder: Path) -> None:
        """Let MLCommons' LoadGen ask the session, and write its logs to a folder."""
        least_s = float(settings["min_duration_ms"]) / 1e3
        self._process.request(
            "comply",
            COMPLIANCE_PATIENCE * least_s + COMPLIANCE_EXTRA_S + self._limits.call_s,
            scenario=scenario,
            batch=self._batch,
            settings=dict(settings),
            folder=str(folder.absolute()),
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

    @property
    def _asked(self) -> dict[str, Any]:
        """Return what is to be opened or built."""
        return {
            "device_half": self._device_half,
            "model": str(self._artifact),
            "options": self._options,
            "batch": self._batch,
        }

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
