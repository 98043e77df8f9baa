"""What an emulated inference tells: instructions and bytes, never a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...harness.evidence import Evidence
from ...harness.figure import Figure

INSTRUCTIONS_PER_US = 1000
"""The virtual clock takes one nanosecond an instruction."""

TICK_COVERAGE = 0.999
"""The two laps lie within one tick each, for certain, if the clock is set right."""

_BYTES = ("text", "data", "bss", "stack")


def figures(
    ran: Mapping[str, Any],
    basis: Mapping[str, Any],
    others: Mapping[str, int] | None = None,
) -> tuple[Figure, ...]:
    """Return what a worker's ``ran`` tells, resting on ``basis``.

    ``others`` are the instructions of other kernels for the same model, by their name;
    they stand under ``beside`` in the basis of ours.
    """
    beside = {"beside": dict(others)} if others else {}
    return (
        _instructions(ran, {**basis, **beside}),
        _bytes("arena", ran.get("arena_bytes"), basis),
        *(_bytes(name, ran.get(f"{name}_bytes"), basis) for name in _BYTES),
    )


def _instructions(ran: Mapping[str, Any], basis: Mapping[str, Any]) -> Figure:
    counted, lap_us = ran.get("instructions"), ran.get("virtual_us")
    if counted is not None:
        how = {**basis, "from": "inference_begin to inference_end"}
        return _figure("instructions", "1", how, value=float(counted))
    if lap_us is None:
        reason = (
            "the firmware has no functions inference_begin and inference_end, and "
            "tells no times"
        )
        return _figure("instructions", "1", basis, reason=reason)
    return _figure(
        "instructions",
        "1",
        {**basis, "from": "m-lap-us of the firmware, within one tick of 1 us"},
        low=float(max(0, lap_us - 1) * INSTRUCTIONS_PER_US),
        mid=float(lap_us * INSTRUCTIONS_PER_US),
        high=float((lap_us + 1) * INSTRUCTIONS_PER_US),
        coverage=TICK_COVERAGE,
    )


def _bytes(name: str, count: int | None, basis: Mapping[str, Any]) -> Figure:
    if count is None:
        reason = f"the firmware's symbols do not tell its {name}"
        return _figure(name, "B", basis, reason=reason)
    return _figure(name, "B", basis, value=float(count))


def _figure(quantity: str, unit: str, basis: Mapping[str, Any], **told: Any) -> Figure:
    return Figure(
        quantity=quantity, unit=unit, evidence=Evidence.EMULATED, basis=basis, **told
    )
