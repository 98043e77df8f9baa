"""A study as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def severity_rows(study: Mapping[str, Any]) -> Table:
    """Return accuracy and power against severity: one row a variant and shift.

    Each cell holds the accuracy in percent and, behind a stroke, the share of windows
    that gave alarm at the lowest rate of false alarms.
    """
    rate = _rate(study)
    severities = sorted({p["severity"] for v in study["variants"] for p in v["points"]})
    columns = ("variant", "shift", *(f"severity {s}" for s in severities))
    rows = []
    for variant in study["variants"]:
        for shift in study["shifts"]:
            points = {
                p["severity"]: p
                for p in variant["points"]
                if p["shift"] in (None, shift["name"])
            }
            cells = (_cell(points[s], rate) for s in severities)
            rows.append((_name(variant), shift["name"], *cells))
    return columns, rows


def noticed_rows(study: Mapping[str, Any]) -> Table:
    """Return the severity that costs two points, and whether it is noticed."""
    rows: list[tuple[str, ...]] = []
    for variant in study["variants"]:
        for found in variant["noticed"]:
            if found["severity"] is None:
                told = (found["severity_reason"], "")
            else:
                told = (str(found["severity"]), _powers(found["power"]))
            rows.append((_name(variant), found["shift"], *told))
    return ("variant", "shift", "2 points are lost at", "windows that give alarm"), rows


def false_alarm_rows(study: Mapping[str, Any]) -> Table:
    """Return false alarms over clean windows, and the range that chance allows."""
    rows: list[tuple[str, ...]] = [
        (
            _name(variant),
            found["detector"],
            f"{found['rate']:.0%}",
            f"{found['alarms']} of {found['windows']}",
            f"{found['expected_low']} to {found['expected_high']}",
        )
        for variant in study["variants"]
        for found in variant["false_alarms"]
    ]
    return ("variant", "detector", "false alarms", "seen", "chance allows"), rows


def _rate(study: Mapping[str, Any]) -> float:
    return min(
        float(p["rate"]) for v in study["variants"] for p in v["points"][0]["power"]
    )


def _cell(point: Mapping[str, Any], rate: float) -> str:
    (power,) = (
        p["value"]
        for p in point["power"]
        if p["rate"] == rate and p["detector"] == "streaming"
    )
    return f"{100 * point['accuracy']['value']:.1f} / {power:.2f}"


def _powers(powers: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{p['detector']} {p['value']:.2f} at {p['rate']:.0%}" for p in powers
    )


def _name(variant: Mapping[str, Any]) -> str:
    return f"{variant['variant']} {variant['format']}"
