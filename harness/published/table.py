"""Published results as a table of the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = (
    *("network", "device", "software", "scenario", "value", "submitter", "source"),
    "caveats",
)


def cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a row of `published_row` as the texts of ``COLUMNS``."""
    citation, batch = row["citation"], row["batch"]
    return (
        str(row["network"] or row["model"]),
        str(row["device"]),
        str(row["software"] or "-"),
        row["scenario"] + ("" if batch is None else f", batch {batch}"),
        value(row) or "-",
        str(citation["submitter"] or "-"),
        str(citation["title"]),
        "; ".join(row["caveats"]),
    )


def value(row: Mapping[str, Any]) -> str:
    """Return latency, rate, power and energy, whichever are told, with their units."""
    parts = []
    if found := row["latency_ms"]:
        percentile = found["percentile"]
        kind = "" if percentile is None else f"p{percentile:g} "
        parts.append(f"{kind}{_digits(found['value'])} ms")
    if found := row["throughput_per_s"]:
        parts.append(f"{_digits(found['value'])} {found['counted']}/s")
    if found := row["power_w"]:
        parts.append(f"{_digits(found['value'])} W")
    if found := row["energy_mj"]:
        parts.append(f"{_digits(found['value'])} mJ")
    return ", ".join(parts)


def _digits(value: float) -> str:
    """Return three significant digits, and all that stand before the point."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
