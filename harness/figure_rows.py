"""The keys of a result row that figures fill: counted or projected, not sampled."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from .figure import Figure
from .plain import to_plain
from .row_values import unknown
from .values import Evidence, Result

UNCOUNTED = "the target does not count instructions"
NO_CLOCK = "the target tells no time"
ONLY_ARENA = "of the device's memory only the arena is known"

KEYS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "latency": ("latency_ms", 1e-6),
        "device_latency": ("device_latency_ms", 1e-6),
        "energy": ("energy_mj", 1e3),
        "arena": ("arena_bytes", 1.0),
        "instructions": ("instructions", 1.0),
        "throughput": ("throughput_per_s", 1.0),
    }
)
"""The key that a quantity fills, and the factor from its unit: ns to ms, J to mJ."""


def with_figures(row: dict[str, Any], result: Result) -> dict[str, Any]:
    """Return a row with its figures, in the place of keys whose quantity they tell.

    ``figures`` holds all of them in their own units, with what they rest on.
    """
    row |= unknown("instructions", UNCOUNTED)
    for figure in result.figures:
        if figure.quantity in KEYS:
            for key, value in _keys(figure, result.evidence).items():
                row.pop(f"{key}_reason", None)  # why there was none before
                row[key] = value
    row["figures"] = {figure.quantity: _whole(figure) for figure in result.figures}
    return row


def _keys(figure: Figure, evidence: Evidence) -> dict[str, Any]:
    key, factor = KEYS[figure.quantity]
    if figure.reason is not None:
        found = unknown(key, figure.reason)
    else:
        told = numbers(figure, factor)
        if figure.evidence != evidence:
            told["evidence"] = str(figure.evidence)
        if figure.quantity == "energy":
            told["scope"] = figure.basis.get("scope", "board")
        found = {key: told}
    if figure.quantity == "arena":
        peak = unknown("peak_bytes", ONLY_ARENA)
        return {"memory": {"scope": "arena", **found, **peak}}
    return found


def numbers(figure: Figure, factor: float) -> dict[str, Any]:
    """Return a known figure's value or band, times a factor; a coverage stays."""
    if figure.value is not None:
        return {"value": figure.value * factor}
    band = (figure.low, figure.mid, figure.high)
    names = ("low", "mid", "high")
    found = {k: x * factor for k, x in zip(names, band, strict=True) if x is not None}
    return {**found, "coverage": figure.coverage}


def _whole(figure: Figure) -> dict[str, Any]:
    return {
        **({} if figure.reason is not None else numbers(figure, 1.0)),
        **({} if figure.reason is None else {"reason": figure.reason}),
        "unit": figure.unit,
        "evidence": str(figure.evidence),
        "basis": to_plain(figure.basis),
    }
