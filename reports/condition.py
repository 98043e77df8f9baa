"""In what state a device was while a case was measured, and what slowed it down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .metrics import Row, number, words

RAN = ("ok", "not_converged")


def condition(row: Row) -> str:
    """Return the verdict on throttling, then clock, governor, mode and temperature."""
    if row.get("status") not in RAN:
        return ""
    state = words(row.get("throttled") or "unknown")
    verdict = state if state != "unknown" else "throttling unknown"
    return ", ".join((verdict, *_seen(row.get("state"))))


def throttled(row: Row) -> str | None:
    """Return the evidence that the device was slowed down, None where there is none."""
    if row.get("throttled") != "throttled":
        return None
    return words(row.get("throttled_reason") or "the evidence was not recorded")


def _seen(state: object) -> Iterator[str]:
    if not isinstance(state, Mapping):
        return
    clocks = list(_numbers(state, "clocks", "during_hz"))
    if clocks:
        yield f"{max(clocks) / 1e9:.2f} GHz"
    if state.get("governor") is not None:
        yield words(state["governor"])
    if state.get("power_mode") is not None:
        yield f"power mode {words(state['power_mode'])}"
    degrees = list(_numbers(state, "temperatures", "during_max_c"))
    if degrees:
        yield f"up to {max(degrees):.0f} °C"


def _numbers(state: Mapping[str, Any], key: str, part: str) -> Iterator[float]:
    listed = state.get(key)
    for each in listed if isinstance(listed, Sequence) else ():
        found = number(each.get(part)) if isinstance(each, Mapping) else None
        if found is not None:
            yield found
