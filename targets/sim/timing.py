"""What the demands of a block come to in virtual time: the device half's, simulated."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, NamedTuple

from ...harness.demand import Demand, Frames, Poisson, Queries
from ...harness.device.arrivals import due_ns
from ...harness.worker import Stretch
from .process import LatencyProcess

Call = Callable[[int], int]
"""How long, in nanoseconds, what begins at this moment takes."""

Worked = Callable[[int, int], None]
"""Told from when on the device was busy, and for how long, in nanoseconds."""


class Passed(NamedTuple):
    """How a block went, in nanoseconds by quantity."""

    elapsed_ns: int
    series: dict[str, list[int]]
    told: dict[str, Any]


def demanded(
    process: LatencyProcess,
    call_ns: Call,
    worked: Worked,
    now_ns: int,
    stretch: Stretch,
    demand: Demand,
    depth: int,
) -> Passed:
    """Return what a block under a demand measures that begins now.

    Args:
        process: tells how long the stages of a frame take.
        call_ns: tells how long a call takes.
        worked: told from when on the device was busy, and for how long.
        now_ns: the device's time.
        stretch: the block.
        demand: its own.
        depth: calls of a query that make progress at the same time.
    """

    def one_ns(at_ns: int) -> int:
        taken = call_ns(at_ns)
        worked(at_ns, taken)
        return taken

    def query_ns(at_ns: int, calls: int) -> int:
        return _query_ns(call_ns, worked, at_ns, calls, depth)

    def frame_ns(at_ns: int) -> int:
        around = process.stage_ns("preprocess") + process.stage_ns("postprocess")
        return around + one_ns(at_ns)

    if isinstance(demand, Queries):
        calls = demand.calls
        return _in_a_row(lambda at: query_ns(at, calls), now_ns, stretch)
    if isinstance(demand, Poisson):
        return _served(one_ns, now_ns, stretch, demand)
    if isinstance(demand, Frames):
        return _served(frame_ns, now_ns, stretch, demand)
    return _staged(process, one_ns, frame_ns, now_ns, stretch)


def _in_a_row(taken: Call, now_ns: int, stretch: Stretch) -> Passed:
    latency: list[int] = []
    at = now_ns
    while len(latency) < stretch.calls_max:
        latency.append(taken(at))
        at += latency[-1]
        if at - now_ns >= stretch.duration_ns and len(latency) >= stretch.calls_min:
            break
    gap = [0] * (len(latency) - 1)
    return Passed(at - now_ns, {"latency": latency, "gap": gap}, {})


def _query_ns(call_ns: Call, worked: Worked, at: int, calls: int, depth: int) -> int:
    """Return how long a query of several calls takes, ``depth`` at once."""
    ends: list[int] = []
    last = busy_until = at
    for _ in range(calls):
        start = at if len(ends) < depth else heapq.heappop(ends)
        # Before the next call asks how hot the device is.
        worked(busy_until, start - busy_until)
        busy_until = start
        heapq.heappush(ends, start + call_ns(start))
        last = max(last, *ends)
    worked(busy_until, last - busy_until)
    return last - at


def _served(taken: Call, now_ns: int, stretch: Stretch, demand: Demand) -> Passed:
    """Return how calls fare that come when they are due, one served at a time."""
    due = due_ns(demand.plain, stretch.calls_max)
    latency: list[int] = []
    service: list[int] = []
    free = 0
    for at in due:
        start = max(at, free)
        if start > stretch.duration_ns:
            break
        service.append(taken(now_ns + start))
        free = start + service[-1]
        latency.append(free - at)
    unserved = len(due) - len(latency)
    series = {"latency": latency, "service": service}
    return Passed(free, series, {"unserved": unserved})


def _staged(
    process: LatencyProcess,
    call_ns: Call,
    frame_ns: Call,
    now_ns: int,
    stretch: Stretch,
) -> Passed:
    """Return how frames fare of which every second one is timed by stage."""
    names = ("latency", "gap", "preprocess", "inference", "postprocess")
    kept: dict[str, list[int]] = {name: [] for name in names}
    at = last = now_ns
    while len(kept["latency"]) < stretch.calls_max:
        if kept["latency"]:
            kept["gap"].append(at - last)
        kept["latency"].append(frame_ns(at))
        at = last = at + kept["latency"][-1]
        kept["preprocess"].append(process.stage_ns("preprocess"))
        kept["inference"].append(call_ns(at))
        kept["postprocess"].append(process.stage_ns("postprocess"))
        at += sum(kept[name][-1] for name in names[2:])
        enough = len(kept["latency"]) >= stretch.calls_min
        if enough and at - now_ns >= stretch.duration_ns:
            break
    return Passed(at - now_ns, kept, {})
