"""The device half of the simulated device: real time and real faults."""

from __future__ import annotations

import ctypes
import heapq
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ...harness.device.session import Camera, Session, SessionError
from ...harness.device.wire import Tensor
from .heat import Heat
from .process import RAN, LatencyProcess


class SimSession(Session):
    """A session that spends the latency it was told to have."""

    def __init__(self, options: dict[str, Any], batch: int) -> None:
        """Fail at once where the fault is due when the model is opened."""
        self._options = options
        self._process = LatencyProcess(options, batch)
        self._heat = Heat()  # each worker's own: they share no process
        self._began = time.monotonic()
        self._calls_left = int(options["fault_after_calls"])
        self.depth = int(options["depth"])
        self._under_way: list[tuple[int, int]] = []
        if self._calls_left == 0:
            self._fail()

    def inputs(self) -> list[dict[str, Any]]:
        """Return none: it computes nothing."""
        return []

    def bind(self, tensors: Sequence[Tensor]) -> None:
        """Take nothing."""

    def infer(self) -> None:
        """Spend one call's latency, or fail where it is due."""
        self._count()
        start_s = time.monotonic() - self._began
        taken = self._call_ns(start_s)
        _spend(taken)
        self._heat.worked(self._options, start_s, taken / 1e9)

    def camera(
        self, images: Sequence[Tensor], layout: Mapping[str, Any]
    ) -> Camera | None:
        """Return a camera that spends the time it was told to."""
        return SimCamera(self._process)

    def submit(self, slot: int) -> None:
        """Start a call that ends by itself when its latency is over."""
        self._count()
        taken = self._call_ns(time.monotonic() - self._began)
        heapq.heappush(self._under_way, (time.perf_counter_ns() + taken, slot))

    def wait(self) -> int:
        """Wait for the call that ends first."""
        end, slot = heapq.heappop(self._under_way)
        _spend(end - time.perf_counter_ns())
        return slot

    def outputs(self) -> list[Tensor]:
        """Return none."""
        return []

    def ran(self) -> dict[str, Any]:
        """Tell that it was a simulation."""
        return {**RAN, "clock": "real"}

    def _call_ns(self, start_s: float) -> int:
        slowed = self._heat.slowdown(self._options, start_s)
        return round(self._process.next_ns(start_s) * slowed)

    def _count(self) -> None:
        if self._options["fault"] == "none":
            return
        if self._calls_left <= 0:
            self._fail()
        self._calls_left -= 1

    def _fail(self) -> None:
        fault = self._options["fault"]
        if fault == "raise":
            raise SessionError("the simulated runtime refuses this call")
        if fault == "abort":
            os.abort()
        if fault == "segfault":
            ctypes.string_at(0)
        if fault == "hang":
            time.sleep(3600)
        if fault == "memory":
            hoard = []
            while True:
                hoard.append(bytearray(64 << 20))
        if fault == "print":
            sys.stdout.write('{"ok": true}\n' * 1000)
            sys.stdout.flush()
            os.write(1, b"\x00\xff garbage {" * 1000)
        if fault == "exit":
            os._exit(7)


class SimCamera(Camera):
    """Pre- and post-processing that take their time and do nothing."""

    def __init__(self, process: LatencyProcess) -> None:
        """Know how long each takes."""
        self._process = process

    def preprocess(self) -> None:
        """Spend the time before an inference."""
        _spend(self._process.stage_ns("preprocess"))

    def postprocess(self) -> None:
        """Spend the time after an inference."""
        _spend(self._process.stage_ns("postprocess"))


def _spend(duration_ns: int) -> None:
    """Sleep most of a duration and spin through the rest, for exactness."""
    end = time.perf_counter_ns() + duration_ns
    if duration_ns > 2_000_000:
        time.sleep((duration_ns - 1_000_000) / 1e9)
    while time.perf_counter_ns() < end:
        pass


def open_session(model: str, options: dict[str, Any], batch: int) -> Session:
    """Open a simulated session; the model file is not read."""
    return SimSession(options, batch)
