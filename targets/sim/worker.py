"""A worker in virtual time: it measures without waiting."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...harness.demand import Demand
from ...harness.values import BlockKind, Memory
from ...harness.worker import Bound, Measured, Opened, Stretch, Worker
from .heat import Heat
from .process import RAN, LatencyProcess
from .timing import demanded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...harness.worker import Array

GAP_NS = 200
"""What stamping a call costs between calls: the order measured on real hosts."""

OPEN_NS = 5_000_000

_now_ns: dict[str, int] = {}
"""Virtual time of each simulated machine since this process began."""

_heat: dict[str, Heat] = {}
"""The temperature of each simulated machine."""


def pass_time(machine: str, duration_s: float) -> None:
    """Let a simulated machine be idle for a while."""
    _now_ns[machine] = now_ns(machine) + round(1e9 * duration_s)


def now_ns(machine: str) -> int:
    """Return a simulated machine's virtual time."""
    return _now_ns.get(machine, 0)


_busy_ns: dict[str, list[tuple[int, int]]] = {}
"""When each simulated machine that is watched was at work, in order."""


def watch(machine: str) -> None:
    """Begin to note when a machine is at work."""
    _busy_ns[machine] = []


def busy_until(machine: str, moments_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for how long a machine was at work up to each moment, and forget it."""
    stretches = _busy_ns.pop(machine, [])
    if not stretches:
        return np.zeros(len(moments_ns))
    begins, ends = np.array(stretches, dtype=np.float64).T
    before = np.concatenate([[0.0], np.cumsum(ends - begins)])
    place = np.searchsorted(begins, moments_ns, "right") - 1
    inside = np.clip(moments_ns, begins[place], ends[place]) - begins[place]
    return np.where(place < 0, 0.0, before[place] + inside)


class SimWorker(Worker):
    """One session of a simulated device whose time is virtual."""

    takes_demands = True

    def __init__(self, *, machine: str, settings: Mapping[str, Any], batch: int):
        """Join a machine's clock."""
        self._machine = machine
        self._settings = settings
        self._process = LatencyProcess(settings, batch)
        _now_ns.setdefault(machine, 0)
        self._heat = _heat.setdefault(machine, Heat())

    def open(self) -> Opened:
        """Load nothing: it takes no inputs."""
        self._pass(OPEN_NS)
        return Opened(inputs=(), open_ns=OPEN_NS)

    def bind(self, inputs: Mapping[str, Array]) -> Bound:
        """Make the first call, twice as long as others."""
        first = 2 * self._process.next_ns(self._time_s())
        self._pass(first)
        ran = {**RAN, "clock": "virtual"}
        return Bound(first_call_ns=first, ran=ran)

    def block(self, stretch: Stretch) -> Measured:
        """Let time pass call by call."""
        if stretch.demand is not None:
            return self._demanded(stretch, stretch.demand)
        self._process.begin_slice()
        started = _now_ns[self._machine]
        throttled = self._process.throttled(self._time_s()) or self._slowed() > 1
        depth = int(self._settings["depth"])
        if stretch.kind is BlockKind.WINDOW and depth > 1:
            latency, gap = self._overlapped(stretch, depth)
        else:
            latency, gap = self._one_by_one(stretch)
        if self._machine in _busy_ns:
            _busy_ns[self._machine].append((started, _now_ns[self._machine]))
        return Measured(
            started_at_ns=started,
            started_ns=started,
            elapsed_ns=_now_ns[self._machine] - started,
            latency_ns=np.array(latency, dtype=np.int64),
            gap_ns=np.array(gap, dtype=np.int64),
            off_cpu_ns=None,
            context={"throttled": throttled},
        )

    def show(self, images: Sequence[bytes], layout: Mapping[str, Any]) -> None:
        """Take nothing: its frames need no pixels."""

    def evaluate(self, inputs: Mapping[str, Array]) -> tuple[Array, ...]:
        """Return nothing: it computes nothing."""
        return ()

    def memory(self) -> Memory:
        """Return nothing: it is no process of its own."""
        return Memory(scope="none")

    def rest(self, duration_ns: int) -> int:
        """Let virtual time pass."""
        began_ns = now_ns(self._machine)
        self._pass(duration_ns)
        return began_ns

    def close(self) -> None:
        """Hold nothing."""

    def _demanded(self, stretch: Stretch, demand: Demand) -> Measured:
        """Let time pass as the demand has it."""
        self._process.begin_slice()
        started = _now_ns[self._machine]
        throttled = self._process.throttled(self._time_s()) or self._slowed() > 1
        found = demanded(
            self._process,
            self._taken_ns,
            self._heated,
            started,
            stretch,
            demand,
            int(self._settings["depth"]),
        )
        self._pass(found.elapsed_ns)
        arrays = {
            name: np.array(values, dtype=np.int64)
            for name, values in found.series.items()
        }
        return Measured(
            started_at_ns=started,
            started_ns=started,
            elapsed_ns=found.elapsed_ns,
            latency_ns=arrays.pop("latency"),
            gap_ns=arrays.pop("gap", np.empty(0, np.int64)),
            off_cpu_ns=None,
            context={"throttled": throttled, **found.told},
            more=arrays,
        )

    def _one_by_one(self, stretch: Stretch) -> tuple[list[int], list[int]]:
        latency: list[int] = []
        deadline = _now_ns[self._machine] + stretch.duration_ns
        while len(latency) < stretch.calls_max:
            latency.append(self._call_ns(self._time_s()))
            self._work(latency[-1])
            self._pass(GAP_NS)
            enough = len(latency) >= stretch.calls_min
            if enough and _now_ns[self._machine] >= deadline:
                break
        self._pass(-GAP_NS)
        return latency, [GAP_NS] * (len(latency) - 1)

    def _overlapped(self, stretch: Stretch, depth: int) -> tuple[list[int], list[int]]:
        latency: list[int] = []
        under_way: list[tuple[int, int]] = []
        start = _now_ns[self._machine]
        for _ in range(min(depth, stretch.calls_max)):
            taken = self._call_ns(start / 1e9)
            heapq.heappush(under_way, (start + taken, taken))
        while under_way:
            end, taken = heapq.heappop(under_way)
            latency.append(taken)
            self._work(end - _now_ns[self._machine])
            more = len(latency) + len(under_way) < stretch.calls_max
            if more and end < start + stretch.duration_ns:
                taken = self._call_ns(end / 1e9)
                heapq.heappush(under_way, (end + taken, taken))
        return latency, []

    def _call_ns(self, time_s: float) -> int:
        """Return the latency of a call that starts now, as hot as the device is."""
        return round(self._process.next_ns(time_s) * self._slowed())

    def _taken_ns(self, at_ns: int) -> int:
        """Return the latency of a call that starts at a moment to come."""
        slowed = self._heat.slowdown(self._settings, at_ns / 1e9)
        return round(self._process.next_ns(at_ns / 1e9) * slowed)

    def _slowed(self) -> float:
        return self._heat.slowdown(self._settings, self._time_s())

    def _work(self, duration_ns: int) -> None:
        self._heated(_now_ns[self._machine], duration_ns)
        self._pass(duration_ns)

    def _heated(self, at_ns: int, duration_ns: int) -> None:
        if self._settings["heat"]:
            self._heat.worked(self._settings, at_ns / 1e9, duration_ns / 1e9)

    def _pass(self, duration_ns: int) -> None:
        _now_ns[self._machine] += duration_ns

    def _time_s(self) -> float:
        return _now_ns[self._machine] / 1e9
