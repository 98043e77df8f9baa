"""Frames of a camera from its bytes to an answer: timed whole and stage by stage."""

from __future__ import annotations

from array import array
from time import perf_counter_ns
from typing import NamedTuple

from .session import Camera, Session


class Stages(NamedTuple):
    """Frames one after the other: every second one as a whole, the others by stage.

    ``latency`` holds the whole ones, so that no stamp within a frame is part of them.
    ``gap`` is from the end of a whole frame to the start of the next whole one.
    """

    elapsed_ns: int
    latency_ns: array[int]
    gap_ns: array[int]
    preprocess_ns: array[int]
    inference_ns: array[int]
    postprocess_ns: array[int]


def run_stages(
    session: Session, camera: Camera, calls_min: int, calls_max: int, duration_ns: int
) -> Stages:
    """Run pairs of frames until the time is up, within bounds on the whole ones."""
    clock = perf_counter_ns
    before, infer, after = camera.preprocess, session.infer, camera.postprocess
    latency, gap = array("q"), array("q")
    stages = (array("q"), array("q"), array("q"))
    first = last = clock()
    elapsed = 0
    while len(latency) < calls_max:
        start = clock()
        before()
        infer()
        after()
        end = clock()
        if latency:
            gap.append(start - last)
        last = end
        latency.append(end - start)
        stamps = [clock()]
        for stage in (before, infer, after):
            stage()
            stamps.append(clock())
        for kept, begin, done in zip(stages, stamps, stamps[1:]):
            kept.append(done - begin)
        elapsed = stamps[-1] - first
        if elapsed >= duration_ns and len(latency) >= calls_min:
            break
    return Stages(elapsed, latency, gap, *stages)


def run_frame(session: Session, camera: Camera) -> None:
    """Bring one frame from its bytes to an answer."""
    camera.preprocess()
    session.infer()
    camera.postprocess()
