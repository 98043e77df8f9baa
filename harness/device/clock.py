"""The only clock reader: stretches of timed calls.

Storage is reserved before the first call. What is timed is the call alone; stamping
costs 0.1-0.2 us outside it.
"""

from __future__ import annotations

from array import array
from time import perf_counter_ns, thread_time_ns
from typing import Any, NamedTuple

from .session import Session


class Stretch(NamedTuple):
    """The calls of one block: ``gap`` is from one call's end to the next one's start.

    ``off_cpu`` is the part of a call in which the calling thread did not run; empty
    where that says nothing about preemption.
    """

    elapsed_ns: int
    latency_ns: array[int]
    gap_ns: array[int]
    off_cpu_ns: array[int]


def run_calls(
    session: Session, calls_min: int, calls_max: int, duration_ns: int
) -> Stretch:
    """Call ``infer`` until the time is up, within the bounds on the count."""
    starts = array("q", bytes(8 * calls_max))
    ends = array("q", bytes(8 * calls_max))
    busy = array("q", bytes(8 * calls_max)) if session.on_cpu else array("q")
    loop = _loop_on_cpu if session.on_cpu else _loop
    calls = loop(session.infer, starts, ends, busy, calls_min, duration_ns)
    return _stretch(starts[:calls], ends[:calls], busy[:calls])


def _loop(
    infer: Any,
    starts: array[int],
    ends: array[int],
    busy: array[int],
    calls_min: int,
    duration_ns: int,
) -> int:
    clock = perf_counter_ns
    deadline = clock() + duration_ns
    for i in range(len(starts)):
        start = clock()
        infer()
        end = clock()
        starts[i] = start
        ends[i] = end
        if end >= deadline and i + 1 >= calls_min:
            return i + 1
    return len(starts)


def _loop_on_cpu(
    infer: Any,
    starts: array[int],
    ends: array[int],
    busy: array[int],
    calls_min: int,
    duration_ns: int,
) -> int:
    clock, cpu = perf_counter_ns, thread_time_ns
    deadline = clock() + duration_ns
    for i in range(len(starts)):
        ran = cpu()
        start = clock()
        infer()
        end = clock()
        busy[i] = cpu() - ran
        starts[i] = start
        ends[i] = end
        if end >= deadline and i + 1 >= calls_min:
            return i + 1
    return len(starts)


def run_overlapped(session: Session, calls_max: int, duration_ns: int) -> Stretch:
    """Keep ``depth`` calls under way until the time is up, then drain them.

    A call's latency is from its submission to the return of its wait.
    """
    clock = perf_counter_ns
    starts, ends = array("q"), array("q")
    slots = [0] * session.depth
    deadline = clock() + duration_ns
    under_way = 0
    while under_way < min(session.depth, calls_max):
        slots[under_way] = clock()
        session.submit(under_way)
        under_way += 1
    while under_way:
        slot = session.wait()
        now = clock()
        starts.append(slots[slot])
        ends.append(now)
        if now < deadline and len(ends) + under_way <= calls_max:
            slots[slot] = clock()
            session.submit(slot)
        else:
            under_way -= 1
    elapsed = ends[-1] - min(starts)
    latency = array("q", [end - start for start, end in zip(starts, ends)])
    return Stretch(elapsed, latency, array("q"), array("q"))


class DeviceStretch(NamedTuple):
    """Calls that two clocks timed: from outside, and on the device alone."""

    elapsed_ns: int
    latency_ns: array[int]
    device_ns: array[int]


def run_device_timed(
    session: Session, calls_min: int, calls_max: int, duration_ns: int
) -> DeviceStretch:
    """Make calls that the device times too, until the time is up."""
    clock = perf_counter_ns
    latency, device = array("q"), array("q")
    began = clock()
    deadline, end = began + duration_ns, began
    while len(latency) < calls_max:
        start = clock()
        device.append(session.device_ns())
        end = clock()
        latency.append(end - start)
        if end >= deadline and len(latency) >= calls_min:
            break
    return DeviceStretch(end - began, latency, device)


def run_queries(
    session: Session, calls: int, queries_min: int, queries_max: int, duration_ns: int
) -> Stretch:
    """Send queries one after the other, each of several calls, until the time is up.

    A query's calls are all there at once; ``depth`` of them are under way together.
    Its latency is from the first one's start to the last one's end (MLPerf's
    multi-stream scenario).
    """
    clock = perf_counter_ns
    starts, ends = array("q"), array("q")
    deadline = clock() + duration_ns
    while len(ends) < queries_max:
        starts.append(clock())
        answer_query(session, calls)
        ends.append(clock())
        if ends[-1] >= deadline and len(ends) >= queries_min:
            break
    return _stretch(starts, ends, array("q"))


def answer_query(session: Session, calls: int) -> None:
    """Make the calls of one query, as many at once as the runtime can."""
    if session.depth == 1:
        for _ in range(calls):
            session.infer()
        return
    begun = min(session.depth, calls)
    for slot in range(begun):
        session.submit(slot)
    for _ in range(calls):
        slot = session.wait()
        if begun < calls:
            session.submit(slot)
            begun += 1


def _stretch(starts: array[int], ends: array[int], busy: array[int]) -> Stretch:
    latency = array("q", [end - start for start, end in zip(starts, ends)])
    gap = array("q", [b - a for a, b in zip(ends, starts[1:])])
    off_cpu = array("q", [max(0, wall - ran) for wall, ran in zip(latency, busy)])
    return Stretch(ends[-1] - starts[0], latency, gap, off_cpu)
