"""What a case bears under load, as the keys ``server`` and ``pipeline`` of its row."""

from __future__ import annotations

from typing import Any

import numpy as np

from .load import Level, bracket, counted, levels, none_met, under_load
from .values import Block, Phase, Result, Scenario

UNTRIED = "the search ended before a higher load was found not to be met"

_STAGES = ("preprocess", "inference", "postprocess")


def load_rows(result: Result, nothing: str) -> dict[str, Any]:
    """Return both keys, each None with its reason unless it is the case's scenario.

    Args:
        result: of any scenario.
        nothing: why there are no blocks, where there are none.
    """
    scenario = result.case.workload.scenario
    found: dict[str, Any] = {}
    for key, wanted, row in (
        ("server", Scenario.SERVER, _server),
        ("pipeline", Scenario.PIPELINE, _pipeline),
    ):
        if scenario is not wanted:
            reason: str | None = f"the scenario is {scenario}"
        elif not under_load(result.case.workload):
            reason = "the case holds no limit"
        elif any(block.phase is Phase.MEASURE for block in result.blocks):
            found[key], reason = row(result), None
        else:
            reason = nothing
        if reason is not None:
            found |= {key: None, f"{key}_reason": reason}
    return found


def unborne(result: Result) -> str | None:
    """Return why no load at all was met, None where one was, or none was offered."""
    workload = result.case.workload
    if not under_load(workload):
        return None
    found = levels(workload, result.blocks)
    best, beyond = bracket(found)
    return None if best or not found else none_met(workload, beyond)


def _server(result: Result) -> dict[str, Any]:
    workload = result.case.workload
    found = levels(workload, result.blocks)
    best, beyond = bracket(found)
    none = none_met(workload, beyond)
    none_next = none if best is None else UNTRIED
    endless = "its queue never ended" if beyond else none_next
    return {
        "p99_limit_ms": workload.server_p99_ms,
        **_known("rate_per_s", best and best.offered, none),
        **_known("p99_ms", best and _tail_ms(best), none),
        **_known("next_rate_per_s", beyond and beyond.offered, none_next),
        **_known("next_p99_ms", beyond and _tail_ms(beyond), endless),
        "levels": [
            {
                "rate_per_s": level.offered,
                "queries": level.queries,
                "late": level.late,
                "p99_ms": _tail_ms(level),
                "met": level.met,
            }
            for level in found
        ],
    }


def _pipeline(result: Result) -> dict[str, Any]:
    workload = result.case.workload
    found = levels(workload, result.blocks)
    best, beyond = bracket(found)
    none = none_met(workload, beyond)
    none_next = none if best is None else UNTRIED
    if best and best.offered == workload.streams_max:
        none_next = f"the most cameras that were asked for, {best.offered:g}, were met"
    measured = [block for block in result.blocks if block.phase is Phase.MEASURE]
    slices = counted(workload, measured)
    untimed = "no slice was timed stage by stage"
    medians = {f"{name}_ms": _median_ms(slices, name) for name in _STAGES}
    return {
        **{
            k: v
            for key, ms in medians.items()
            for k, v in _known(key, ms, untimed).items()
        },
        **_known("whole_ms", _median_ms(slices, "latency"), untimed),
        "frame_rate_fps": workload.frame_rate_fps,
        "deadline_ms": workload.frame_deadline_ms,
        **_known("streams", best and int(best.offered), none),
        **_known("in_time", best and best.in_time, none),
        **_known("next_streams", beyond and int(beyond.offered), none_next),
        **_known("next_in_time", beyond and beyond.in_time, none_next),
        "levels": [
            {
                "streams": int(level.offered),
                "frames": level.queries,
                "late": level.late,
                "in_time": level.in_time,
                "met": level.met,
            }
            for level in found
        ],
    }


def _tail_ms(level: Level) -> float | None:
    return None if level.tail_ns is None else level.tail_ns / 1e6


def _median_ms(blocks: list[Block], quantity: str) -> float | None:
    """Return the median over slices of a stage's median."""
    medians = [
        float(np.median(values))
        for block in blocks
        if (values := block.values(quantity)) is not None and len(values)
    ]
    return float(np.median(medians)) / 1e6 if medians else None


def _known(key: str, value: Any, reason: str) -> dict[str, Any]:
    return {key: None, f"{key}_reason": reason} if value is None else {key: value}
