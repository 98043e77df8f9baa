"""What a result's row says of the device's state before, during and after measuring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .device import quantities as q
from .throttling import levels_of, setting
from .traces import Trace, Traces, traces
from .values import Block, Phase

SETTINGS = (q.GOVERNOR, q.BOOST, q.POWER_MODE)
UNREAD = "no sensor of the device tells it"
NOTHING = "nothing was measured"

Ends = tuple[Block, Block] | None
"""The first and the last block around which the state was read."""


def state_row(blocks: Sequence[Block]) -> dict[str, Any]:
    """Return ``state``: each part None beside ``<part>_reason`` where nothing told it.

    ``before`` is the first reading from before any block, ``after`` the last one of
    all, which follows the last block; a clock ``during`` is the median while what it
    drives worked, a temperature the highest. A sustained run is told of by itself.
    """
    watched = [b for b in blocks if b.phase not in (Phase.SOAK, Phase.ENERGY)]
    ends = (watched[0], watched[-1]) if watched else None
    found = traces(watched)
    parts: dict[str, Sequence[Any] | str] = {
        "clocks": [_clock(t, found, ends) for t in _of(found, q.CLOCK)],
        "temperatures": [_celsius(t, ends) for t in _of(found, q.TEMPERATURE)],
        "throttle_reasons": [_reason(t) for t in _of(found, q.THROTTLE)],
        "throttle_counts": [_counted(t) for t in _of(found, q.THROTTLE_COUNT)],
        "power_limits": [_limit(t) for t in _of(found, q.POWER_LIMIT)],
        **{key: _setting(_of(found, key)) for key in SETTINGS},
    }
    told: dict[str, Any] = {}
    for key, part in parts.items():
        told[key] = part or None
        if not part:
            told[f"{key}_reason"] = UNREAD if blocks else NOTHING
    return told


def _of(found: Traces, quantity: str) -> list[Trace]:
    return [trace for trace in found.values() if trace.quantity == quantity]


def _clock(trace: Trace, found: Traces, ends: Ends) -> dict[str, Any]:
    levels = levels_of(trace, found)
    worked = levels.clock_hz[levels.measured]
    during = float(np.median(worked)) if len(worked) else None
    told = {"name": trace.name, "during_hz": during}
    told |= _around(trace, ends, "hz")
    if during is None:
        told["during_hz_reason"] = "it was not read while the device worked"
    return told


def _celsius(trace: Trace, ends: Ends) -> dict[str, Any]:
    measured = [p.values for p in trace.parts if p.block.phase is not Phase.WARMUP]
    highest = float(max(map(np.max, measured))) if measured else None
    told = {"name": trace.name, "during_max_c": highest}
    told |= _around(trace, ends, "c")
    if highest is None:
        told["during_max_c_reason"] = "it was not read in a measured block"
    return told


def _around(trace: Trace, ends: Ends, unit: str) -> dict[str, Any]:
    """Return the first reading before any block and the last one after them."""
    first, last = trace.parts[0], trace.parts[-1]
    early = ends is not None and first.block is ends[0] and first.times[0] < 0
    late = ends is not None and last.block is ends[1]
    late = late and last.times[-1] > last.block.elapsed_ns
    known = {
        f"before_{unit}": (first.values[0], early, "it was not read before any block"),
        f"after_{unit}": (
            last.values[-1],
            late,
            "it was not read after the last block",
        ),
    }
    told: dict[str, Any] = {}
    for key, (value, is_known, why) in known.items():
        told[key] = float(value) if is_known else None
        if not is_known:
            told[f"{key}_reason"] = why
    return told


def _reason(trace: Trace) -> dict[str, Any]:
    """Return the share of measured blocks in which a reason for throttling was set."""
    seen = [
        bool((part.values[part.times >= 0] > 0).any())
        for part in trace.parts
        if part.block.phase is not Phase.WARMUP
    ]
    share = sum(seen) / len(seen) if seen else None
    told: dict[str, Any] = {"name": trace.name, "share_of_blocks": share}
    if share is None:
        told["share_of_blocks_reason"] = "it was not read in a measured block"
    return told


def _counted(trace: Trace) -> dict[str, Any]:
    grown = sum(max(0.0, float(p.values[-1] - p.values[0])) for p in trace.parts)
    return {"name": trace.name, "growth": grown}


def _limit(trace: Trace) -> dict[str, Any]:
    values = trace.values
    return {
        "name": trace.name,
        "min_w": float(values.min()),
        "max_w": float(values.max()),
    }


def _setting(several: Sequence[Trace]) -> str:
    """Return a setting's values in the order in which they were first seen."""
    seen = [setting(t.quantity, value) for t in several for value in t.values.tolist()]
    return ", ".join(dict.fromkeys(seen))
