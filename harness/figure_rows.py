"""The keys of a result row that figures fill: counted or projected, not sampled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .figure import Figure
from .plain import to_plain
from .row_values import unknown
from .values import Evidence, Result

UNCOUNTED = "the target does not count instructions"
NO_CLOCK = "the target tells no time"
ONLY_ARENA = "of the device's memory only the arena is known"

_FACTORS = {"latency": 1e-6, "energy": 1e3, "arena": 1.0, "instructions": 1.0}
"""From a figure's unit to its key's: ns to ms, J to mJ."""


def with_figures(row: dict[str, Any], result: Result) -> dict[str, Any]:
    """Return a row with its figures, in the place of keys whose quantity they tell.

    ``figures`` holds all of them in their own units, with what they rest on.
    """
    figures = {figure.quantity: figure for figure in result.figures}
    row |= unknown("instructions", UNCOUNTED)
    for quantity, put in _PLACES.items():
        if quantity in figures:
            for key, value in put(figures[quantity], result.evidence).items():
                row.pop(f"{key}_reason", None)  # why there was none before
                row[key] = value
    row["figures"] = {name: _whole(figure) for name, figure in figures.items()}
    return row


def _latency(figure: Figure, evidence: Evidence) -> dict[str, Any]:
    return _key("latency_ms", figure, evidence)


def _energy(figure: Figure, evidence: Evidence) -> dict[str, Any]:
    found = _key("energy_mj", figure, evidence)
    if found["energy_mj"] is not None:
        found["energy_mj"]["scope"] = figure.basis.get("scope", "board")
    return found


def _arena(figure: Figure, evidence: Evidence) -> dict[str, Any]:
    part = _key("arena_bytes", figure, evidence)
    return {"memory": {"scope": "arena", **part, **unknown("peak_bytes", ONLY_ARENA)}}


def _instructions(figure: Figure, evidence: Evidence) -> dict[str, Any]:
    return _key("instructions", figure, evidence)


_PLACES: Mapping[str, Callable[[Figure, Evidence], dict[str, Any]]] = {
    "latency": _latency,
    "energy": _energy,
    "arena": _arena,
    "instructions": _instructions,
}


def _key(key: str, figure: Figure, evidence: Evidence) -> dict[str, Any]:
    if figure.reason is not None:
        return unknown(key, figure.reason)
    numbers = _numbers(figure, _FACTORS[figure.quantity])
    if figure.evidence != evidence:
        numbers["evidence"] = str(figure.evidence)
    return {key: numbers}


def _numbers(figure: Figure, factor: float) -> dict[str, Any]:
    if figure.value is not None:
        return {"value": figure.value * factor}
    band = (figure.low, figure.mid, figure.high)
    names = ("low", "mid", "high")
    found = {k: x * factor for k, x in zip(names, band, strict=True) if x is not None}
    return {**found, "coverage": figure.coverage}


def _whole(figure: Figure) -> dict[str, Any]:
    return {
        **({} if figure.reason is not None else _numbers(figure, 1.0)),
        **({} if figure.reason is None else {"reason": figure.reason}),
        "unit": figure.unit,
        "evidence": str(figure.evidence),
        "basis": to_plain(figure.basis),
    }
