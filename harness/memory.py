"""The memory that a case takes: from a worker's reply to a row of results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from .errors import WorkerError
from .row_values import known, unknown
from .values import Memory

UNTOLD = "the target does not tell"
NOT_TOLD_BY_RUNTIME = "the runtime does not tell"
IN_HOST_MEMORY = "the target computes in the memory of its process"
NOT_KEPT = "it was not recorded"

_HOST_TIER = "host"


def process_memory(reply: Mapping[str, Any]) -> Memory:
    """Return what a worker's process told of its memory.

    Raises:
        WorkerError: a number of bytes is none.
    """
    names = [field.name for field in fields(Memory) if field.name != "scope"]
    told = {name: reply[name] for name in names if reply.get(name) is not None}
    for name, value in told.items():
        if name.endswith("_bytes") and (type(value) is not int or value < 0):
            raise WorkerError(
                f"the worker told {name} {value!r}; a whole number of bytes is valid"
            )
    return Memory(scope="process", **told)


def memory_part(found: Memory | None, tier: str, why: str | None) -> dict[str, Any]:
    """Return the row's ``memory``, each unknown part with its reason.

    Args:
        found: the memory of the worker that needed most; None where none told any.
        tier: the target's: one that is a host has no other memory.
        why: why nothing was measured, None where something was.
    """
    if found is None:
        return unknown("memory", why or UNTOLD)
    no_peak = found.peak_reason or UNTOLD
    # Stores from before these were recorded hold a peak without its phases.
    no_phase = found.peak_reason or NOT_KEPT
    no_device = IN_HOST_MEMORY if tier == _HOST_TIER else NOT_TOLD_BY_RUNTIME
    reasons = {
        "peak_bytes": no_peak,
        "peak_opening_bytes": no_phase,
        "peak_first_call_bytes": no_phase,
        "peak_steady_bytes": no_phase,
        "loaded_bytes": NOT_KEPT,
        "steady_bytes": UNTOLD,
        "steady_anonymous_bytes": NOT_KEPT,
        "steady_file_bytes": NOT_KEPT,
        "baseline_bytes": UNTOLD,
        "device_bytes": no_device,
        "arena_bytes": NOT_TOLD_BY_RUNTIME,
    }
    part: dict[str, Any] = {"scope": found.scope}
    for name, reason in reasons.items():
        part |= known(name, getattr(found, name), reason)
    return {"memory": part}
