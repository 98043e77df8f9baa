"""The worker: opens one session, measures what it is told, answers on a private pipe.

The monitor is the same program, told to watch instead of to open.

Requests carry ``op``; every request is answered by one frame with ``ok``.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import resource
import signal
import sys
from array import array
from collections.abc import Sequence
from time import monotonic_ns, perf_counter_ns, time_ns
from typing import Any, BinaryIO

from . import clock, demands, state
from .memory import MemoryWatch
from .monitor import Monitor
from .reader import ReaderError
from .session import Camera, Session, SessionError
from .things import find
from .wire import Tensor, WireError, read_frame, write_frame

FRAMES = "tierbench.harness.images.frames"
"""What makes a model's input of images; only it needs NumPy and Pillow."""

LOADGEN = "tierbench.harness.loadgen"
"""What lets MLCommons' LoadGen ask a session; only it needs LoadGen."""

FILE_LIMIT = 1 << 30
"""A runtime that prints without end must not fill the disk."""


def main(arguments: Sequence[str]) -> int:
    """Serve requests from standard input until it closes.

    Args:
        arguments: the process to live no longer than (0: none).
    """
    source, sink = _take_pipe()
    if arguments and arguments[0] != "0":
        _die_with(int(arguments[0]))
    worker = _Worker()
    write_frame(sink, {"ok": True, "hello": state.machine(), "pid": os.getpid()})
    while True:
        try:
            frame = read_frame(source)
        except WireError as exc:
            write_frame(sink, {"ok": False, "kind": "wire", "message": str(exc)})
            return 1
        if frame is None:
            return 0
        # Neither request nor reply is held on to: the next may ask for the memory.
        write_frame(sink, *worker.answer(*frame))
        del frame


def _take_pipe() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipe for ourselves: what a runtime prints must not reach it."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(source, "rb"), os.fdopen(sink, "wb")


def _die_with(parent: int) -> None:
    """Ask Linux to kill this process when its parent dies, however that happens."""
    if sys.platform != "linux":
        return
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG in <sys/prctl.h>
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class _Worker:
    def __init__(self) -> None:
        self.session: Session | None = None
        self.camera: Camera | None = None
        self.memory = MemoryWatch()
        self.monitor = Monitor()

    def answer(self, header: dict[str, Any], tensors: list[Tensor]) -> Any:
        """Return the reply's header and tensors; whatever goes wrong is a reply too."""
        try:
            act = getattr(self, "do_" + str(header.pop("op", "")), None)
            if act is None:
                raise SessionError("this worker does not know that request")
            reply, arrays = act(tensors, **header_arguments(header))
        except MemoryError as exc:
            return _failure("memory", exc), []
        except Exception as exc:
            ours = isinstance(exc, (SessionError, ReaderError))
            kind = "session" if ours else "runtime"
            return _failure(kind, exc), []
        return dict(reply, ok=True), arrays

    def do_open(
        self,
        _: list[Tensor],
        device_half: str,
        model: str,
        options: dict[str, Any],
        batch: int,
        memory_bytes: int | None,
    ) -> Any:
        """Load the model; the baseline is taken after the runtime's import."""
        _limit(resource.RLIMIT_FSIZE, FILE_LIMIT)
        if memory_bytes is not None:
            _limit(resource.RLIMIT_AS, memory_bytes)
        half = importlib.import_module(device_half)
        self.memory.baseline()
        self.memory.begin()
        start = perf_counter_ns()
        self.session = half.open_session(model, options, batch)
        opened = perf_counter_ns() - start
        self.memory.end("opening")
        return {"inputs": self.session.inputs(), "open_ns": opened}, []

    def do_bind(self, tensors: list[Tensor]) -> Any:
        """Bind inputs and make the first call, timed apart.

        The bytes that came over the wire are ours: they are no part of the peak.
        """
        session = self._session()
        session.bind(tensors)
        tensors.clear()
        gc.collect()
        gc.freeze()
        gc.disable()
        self.memory.begin()
        start = perf_counter_ns()
        session.infer()
        first = perf_counter_ns() - start
        session.after_first_call()
        self.memory.end("first_call")
        ran = session.ran()
        if session.device_clock is not None:
            ran["device_clock"] = session.device_clock
        return {"first_call_ns": first, "ran": ran}, []

    def do_block(
        self,
        _: list[Tensor],
        kind: str,
        calls_min: int,
        calls_max: int,
        duration_ns: int,
        demand: dict[str, Any] | None = None,
    ) -> Any:
        """Measure one exclusive stretch: calls in a row, or what is demanded."""
        session = self._session()
        bounds = demands.Bounds(calls_min, calls_max, duration_ns)
        before = state.counters()
        started_at, started = time_ns(), monotonic_ns()
        if demand is not None:
            found = demands.run(session, self.camera, demand, bounds)
        else:
            found = _run(session, kind, bounds)
        context = {**_difference(before, state.counters()), **found.told}
        reply = {
            "started_at_ns": started_at,
            "started_ns": started,
            "elapsed_ns": found.elapsed_ns,
            "calls": len(found.series["latency"]),
            "context": context,
        }
        return reply, [_int64(name, ns) for name, ns in found.series.items()]

    def do_show(self, tensors: list[Tensor], layout: dict[str, Any]) -> Any:
        """Take the frames that a pipeline's blocks will run through."""
        session = self._session()
        self.camera = session.camera(tensors, layout)
        if self.camera is None:
            frames = importlib.import_module(FRAMES)
            self.camera = frames.ImageCamera(session, tensors, layout)
        return {}, []

    def do_comply(self, _: list[Tensor], **arguments: Any) -> Any:
        """Let LoadGen ask the session; its logs lie in a folder of this machine."""
        session = self._session()
        importlib.import_module(LOADGEN).comply(session, **arguments)
        return {}, []

    def do_evaluate(self, tensors: list[Tensor]) -> Any:
        """Run the model once on these inputs and return its outputs."""
        session = self._session()
        session.bind(tensors)
        session.infer()
        return {}, session.outputs()

    def do_memory(self, _: list[Tensor]) -> Any:
        """Make one more call, no samples being kept, and return what memory it takes.

        A block's samples are ours: they are no part of the peak.
        """
        session = self._session()
        self.memory.begin()
        session.infer()
        self.memory.end("steady")
        return dict(session.memory(), **self.memory.told()), []

    def do_probe(self, _: list[Tensor], things: list[list[str]]) -> Any:
        """Tell what this machine has of what is needed, importing no runtime."""
        found = [find(kind, name) for kind, name in things]
        return {"found": found, "executable": sys.executable}, []

    def do_trial(self, _: list[Tensor], device_half: str) -> Any:
        """Import a device half, and the vendor's runtime with it."""
        half = importlib.import_module(device_half)
        return {"identifies": hasattr(half, "identify")}, []

    def do_identify(
        self, _: list[Tensor], device_half: str, options: dict[str, Any]
    ) -> Any:
        """Ask a device half which device and software it would run on."""
        half = importlib.import_module(device_half)
        return {"identity": half.identify(options)}, []

    def do_build(
        self,
        _: list[Tensor],
        device_half: str,
        model: str,
        options: dict[str, Any],
        batch: int,
    ) -> Any:
        """Let a device half make of a model what its sessions open, and keep it."""
        importlib.import_module(device_half).build(model, options, batch)
        return {}, []

    def do_close(self, _: list[Tensor]) -> Any:
        """Free the session; the process stays until its input closes."""
        if self.session is not None:
            self.session.close()
            self.session = None
        return {}, []

    def do_watch(self, _: list[Tensor], readers: list[list[Any]]) -> Any:
        """Open readers of the device's state."""
        return {"readers": self.monitor.watch(readers)}, []

    def do_start(self, _: list[Tensor], period_ns: int) -> Any:
        """Begin to sample the readers."""
        self.monitor.start(period_ns)
        return {}, []

    def do_stop(self, _: list[Tensor]) -> Any:
        """End and return what the readers have told."""
        return {}, self.monitor.stop()

    def _session(self) -> Session:
        if self.session is None:
            raise SessionError("no session is open")
        return self.session


def _run(session: Session, kind: str, bounds: demands.Bounds) -> demands.Demanded:
    """Measure calls in a row; in a window, as many at once as the runtime can."""
    if kind == "window" and session.depth > 1:
        stretch = clock.run_overlapped(session, bounds.calls_max, bounds.duration_ns)
    else:
        stretch = clock.run_calls(session, *bounds)
    series = {
        "latency": stretch.latency_ns,
        "gap": stretch.gap_ns,
        "off_cpu": stretch.off_cpu_ns,
    }
    return demands.Demanded(stretch.elapsed_ns, series, {})


def header_arguments(header: dict[str, Any]) -> dict[str, Any]:
    """Return a request's own fields, without the protocol's."""
    return {key: value for key, value in header.items() if key != "version"}


def _limit(what: int, most: int) -> None:
    """Lower a limit of this process; one that is lower already stays."""
    hard = resource.getrlimit(what)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(what, (most, most))


def _failure(kind: str, exc: BaseException) -> dict[str, Any]:
    text = " ".join(str(exc).split()) or type(exc).__name__
    message = text if kind == "session" else f"{type(exc).__name__}: {text}"
    return {"ok": False, "kind": kind, "message": message[:2000]}


def _difference(
    before: dict[str, int | None], after: dict[str, int | None]
) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for name, start in before.items():
        end = after[name]
        found[name] = None if start is None or end is None else end - start
    return found


def _int64(name: str, values: array[int]) -> Tensor:
    if sys.byteorder != "little":
        values = values[:]
        values.byteswap()
    return Tensor(name, "int64", (len(values),), values)
