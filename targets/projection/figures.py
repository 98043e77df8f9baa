"""Latency and energy of a model on a Cortex-M, as figures with their band and basis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...harness.evidence import Evidence
from ...harness.figure import Figure
from ...harness.values import ModelProfile
from . import esp32_s3
from .coefficients import Coefficients, Span, shipped
from .cores import CORES, leaning_refusal
from .power import OTHER, OWN, PowerRow, bearing, by_board
from .prediction import (
    NORMAL_SCALE,
    Asked,
    Prediction,
    hardware,
    known_stack,
    predict,
)
from .work import Works, work_of

REACH = 4.0
"""How many times smaller or larger than all that were fitted a model may be."""

LATENCY, ENERGY = "latency", "energy"


def project(
    profile: ModelProfile, asked: Asked, coefficients: Coefficients | None = None
) -> tuple[Figure, Figure]:
    """Return the latency (ns) and the energy (J) of one inference, batch 1.

    Either is a band, or has the reason why nothing bears on it.
    """
    fit = coefficients or shipped()
    works = work_of(profile)
    reason = works if isinstance(works, str) else _refusal(fit, works, asked)
    if isinstance(works, str) or reason is not None:
        return (
            unknown(LATENCY, "ns", str(reason)),
            unknown(ENERGY, "J", f"its latency is not known: {reason}"),
        )
    if asked.core == esp32_s3.CORE:
        return (
            esp32_s3.latency(fit, works, asked),
            unknown(ENERGY, "J", f"no published row tells the power of {asked.core}"),
        )
    predicted = predict(fit, works, asked)
    return _latency(fit, works, asked, predicted), _energy(fit, asked, predicted)


def _refusal(fit: Coefficients, works: Works, asked: Asked) -> str | None:
    if reason := _size_refusal(fit, works):
        return reason
    if asked.core == esp32_s3.CORE:
        return _esp32_refusal(asked)
    if asked.core not in CORES:
        return (
            f"no published row for {asked.core}, nor is it known what it has in common "
            f"with those that have any: {', '.join(fit.clocks_mhz)}"
        )
    if CORES[asked.core].lanes > 1 and not asked.has_dsp:
        return f"this {asked.core} has no DSP extension; all that were published have"
    if asked.core not in fit.clocks_mhz:
        return leaning_refusal(asked.core, frozenset(fit.clocks_mhz))
    return None


def _esp32_refusal(asked: Asked) -> str | None:
    stack = asked.stack
    if stack is None or stack.strip().casefold() == esp32_s3.STACK.casefold():
        return None
    return (
        f"nothing is published of {stack!r} on {asked.core}, only kernels of "
        f"{esp32_s3.STACK}"
    )


def _size_refusal(fit: Coefficients, works: Works) -> str | None:
    if fit.macs.distance(max(works.all.macs, 1)) > np.log(REACH):
        return (
            f"{works.all.macs} multiply-accumulates; fitted were {fit.macs.low:.0f} to "
            f"{fit.macs.high:.0f}, and no further than {REACH:g} times beyond that is "
            "anything said"
        )
    return None


def _latency(
    fit: Coefficients, works: Works, asked: Asked, predicted: Prediction
) -> Figure:
    def at(log_cycles: float) -> float:
        return float(np.exp(log_cycles)) * 1e3 / asked.clock_mhz

    middle, half = predicted.log_cycles, predicted.half_width
    family, version = known_stack(fit, asked.stack)
    return Figure(
        quantity=LATENCY,
        unit="ns",
        evidence=Evidence.PROJECTED,
        low=at(middle - half),
        mid=at(middle),
        high=at(middle + half),
        coverage=fit.coverage,
        basis={
            **hardware(asked, version or family),
            "cycles": round(float(np.exp(middle))),
            "macs": works.all.macs,
            "live_macs": works.live.macs,
            "notes": list(_notes(fit, works, asked, predicted)),
            "rests_on": _rests_on(fit, asked),
            "table_sha256": fit.provenance.get("sha256"),
        },
    )


def _notes(
    fit: Coefficients, works: Works, asked: Asked, predicted: Prediction
) -> list[str]:
    """Return what widened the band, and what was inferred."""
    family, version = known_stack(fit, asked.stack)
    notes = []
    if asked.stack is None:
        notes.append("no stack was told: the band is that of any stack")
    elif family is None:
        valid = ", ".join(sorted(set(fit.families.values())))
        notes.append(
            f"stack {asked.stack!r} is not among those fitted ({valid}): the band is "
            "that of any stack"
        )
    elif not any(_is_of(fit, row, family, asked.core) for row in fit.rows):
        notes.append(
            f"no row has {family} on {asked.core}: its level is another core's"
        )
    if "core" in predicted.unknown:
        notes.append(f"no row has {asked.core}: the band leans on other cores")
    span = fit.clocks_mhz.get(asked.core)
    if span is not None and span.distance(asked.clock_mhz) > 0:
        notes.append(
            f"{asked.core}'s rows ran at {_told(span)} MHz, not {asked.clock_mhz:g}: "
            "the band is wider"
        )
    if fit.macs.distance(works.all.macs) > 0:
        notes.append("smaller or larger than any model that was fitted: wider")
    if works.live != works.all:
        share = fit.live_shares.get(version or family or "", fit.live_share)
        notes.append(
            f"{works.all.macs - works.live.macs} of {works.all.macs} multiply-"
            "accumulates are of channels whose weights are all zero; that this stack "
            f"drops them is given a probability of {share:.2g}, inferred from times"
        )
    return notes


def _told(span: Span) -> str:
    low, high = f"{span.low:g}", f"{span.high:g}"
    return low if low == high else f"{low} to {high}"


def _is_of(fit: Coefficients, row: Mapping[str, Any], family: str, core: str) -> bool:
    return row["core"] == core and fit.families[row["stack"]] == family


def _rests_on(fit: Coefficients, asked: Asked) -> list[Mapping[str, Any]]:
    """Return the rows of the core, or of all where it has none, and of the stack."""
    family, _ = known_stack(fit, asked.stack)
    if asked.core not in fit.clocks_mhz:
        return list(fit.rows)
    return [
        row
        for row in fit.rows
        if row["core"] == asked.core or fit.families[row["stack"]] == family
    ]


def _energy(fit: Coefficients, asked: Asked, predicted: Prediction) -> Figure:
    """Return power x latency: power goes with the clock and with the supply."""
    kind, rows = bearing(fit.power, asked.core, asked.board)
    if not rows:
        return unknown(
            ENERGY,
            "J",
            f"no published row tells the power of a board with {asked.core}",
        )
    if asked.supply_v is None:
        return unknown(ENERGY, "J", "the supply is not known; tell supply_v in volts")
    levels = [float(np.mean(logs)) for logs in by_board(rows).values()]
    level = float(np.mean(levels))
    variance = fit.power_deviations[OWN] ** 2
    if kind == OTHER:
        variance += fit.power_deviations[OTHER] ** 2 * (1 + 1 / len(levels))
    half = float(np.hypot(predicted.half_width, NORMAL_SCALE * np.sqrt(variance)))
    # mW per MHz and V, times V, times the microseconds' MHz in a cycle: nJ a cycle
    middle = predicted.log_cycles + level + float(np.log(asked.supply_v * 1e-9))
    return Figure(
        quantity=ENERGY,
        unit="J",
        evidence=Evidence.PROJECTED,
        low=float(np.exp(middle - half)),
        mid=float(np.exp(middle)),
        high=float(np.exp(middle + half)),
        coverage=fit.coverage,
        basis={
            "scope": "board",
            "supply_v": asked.supply_v,
            "power_mw": float(np.exp(level)) * asked.clock_mhz * asked.supply_v,
            "notes": _power_notes(kind, rows, asked),
            "rests_on": _power_groups(rows),
        },
    )


def _power_notes(kind: str, rows: list[PowerRow], asked: Asked) -> list[str]:
    notes = []
    if kind == OTHER:
        notes.append(
            "this board's power is not published: the band spans what boards differ "
            f"by, and rests on others with {asked.core}"
        )
    supplies = sorted({row.supply_v for row in rows})
    if asked.supply_v not in supplies:
        told = ", ".join(f"{supply:g}" for supply in supplies)
        notes.append(
            f"power was published at {told} V, and is taken in proportion to the supply"
        )
    return notes


def _power_groups(rows: list[PowerRow]) -> list[Mapping[str, Any]]:
    found: dict[tuple[str, str, str, float], list[PowerRow]] = {}
    for row in rows:
        key = (row.board, row.stack, row.round, row.supply_v)
        found.setdefault(key, []).append(row)
    return [
        {
            "board": own[0].board,
            "stack": stack,
            "round": round_,
            "supply_v": supply_v,
            "benchmarks": sorted({row.benchmark for row in own}),
            "rows": len(own),
        }
        for (_, stack, round_, supply_v), own in sorted(found.items())
    ]


def unknown(quantity: str, unit: str, reason: str) -> Figure:
    """Return a figure that is not known."""
    return Figure(
        quantity=quantity, unit=unit, evidence=Evidence.PROJECTED, reason=reason
    )
