"""Blocks whose calls are not simply made one after the other: what each demand means.

============  ==================================================  ==================
kind          calls                                               further keys
============  ==================================================  ==================
queries       each query is several, as many at once as may be    calls
poisson       when they are due, at random                        rate_per_s, seed
device_timed  in a row, timed by the device's own clock too       none
stages        frames one after the other, timed by stage          none
frames        frames when they are due, of many streams together  rate_per_s, streams
============  ==================================================  ==================
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import arrivals, clock, stages
from .session import Camera, Session, SessionError


class Bounds(NamedTuple):
    """How many calls a block makes, and until when."""

    calls_min: int
    calls_max: int
    duration_ns: int


class Demanded(NamedTuple):
    """What was measured: nanoseconds by quantity, and what else is to be kept."""

    elapsed_ns: int
    series: dict[str, array[int]]
    told: dict[str, Any]


def run(
    session: Session,
    camera: Camera | None,
    demand: Mapping[str, Any],
    bounds: Bounds,
) -> Demanded:
    """Measure one block under a demand.

    Raises:
        SessionError: no such demand, or frames were demanded and none were given.
    """
    kind = demand["kind"]
    if kind == "queries":
        found = clock.run_queries(session, int(demand["calls"]), *bounds)
        series = {"latency": found.latency_ns, "gap": found.gap_ns}
        return Demanded(found.elapsed_ns, series, {})
    if kind == "poisson":
        return _served(session.infer, demand, bounds)
    if kind == "device_timed":
        timed = clock.run_device_timed(session, *bounds)
        series = {"latency": timed.latency_ns, "device": timed.device_ns}
        return Demanded(timed.elapsed_ns, series, {})
    if kind not in ("stages", "frames"):
        raise SessionError(f"this worker does not know the demand {kind!r}")
    if camera is None:
        raise SessionError("frames are demanded, but none were given")
    if kind == "stages":
        return _staged(session, camera, bounds)
    return _served(lambda: stages.run_frame(session, camera), demand, bounds)


def _served(act: Any, demand: Mapping[str, Any], bounds: Bounds) -> Demanded:
    due = arrivals.due_ns(demand, bounds.calls_max)
    found = arrivals.serve(act, due, bounds.duration_ns)
    series = {"latency": found.latency_ns, "service": found.service_ns}
    return Demanded(found.elapsed_ns, series, {"unserved": found.unserved})


def _staged(session: Session, camera: Camera, bounds: Bounds) -> Demanded:
    found = stages.run_stages(session, camera, *bounds)
    series = {
        "latency": found.latency_ns,
        "gap": found.gap_ns,
        "preprocess": found.preprocess_ns,
        "inference": found.inference_ns,
        "postprocess": found.postprocess_ns,
    }
    return Demanded(found.elapsed_ns, series, {})
