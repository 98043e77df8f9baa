"""Read a metric out of a result row: a value, a band, or the reason for neither."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..harness.accuracy import LOWER_IS_BETTER
from ..harness.terminal import printable

Row = Mapping[str, Any]

NO_REASON = "no reason was recorded"

_MAIN = {
    "latency_ms": "median",
    "accuracy": "value",
    "memory": "peak_bytes",
    "energy_mj": "gross",
}
"""What a group means that was projected as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of a row with its interval, in the unit of its key.

    ``value`` is None where it is unknown, and then ``reason`` says why; where only
    the interval is unknown, ``interval_reason`` may say why. A ``band``
    is a projection: ``low`` to ``high`` hold ``coverage`` of what is expected.
    """

    evidence: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    coverage: float = 0.95
    band: bool = False
    reason: str | None = None
    interval_reason: str | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return (low, high), or None where no interval is known."""
        if self.low is None or self.high is None:
            return None
        return self.low, self.high


def read(row: Row, group: str, key: str | None = None) -> Metric:
    """Return ``row[group]``, or ``row[group][key]`` with its interval if it has one.

    The interval is looked for as ``<key>_ci95`` and then ``ci95``.
    """
    evidence = str(row.get("evidence") or "unknown")
    holder = row if key is None else row.get(group)
    name = group if key is None else key
    if not isinstance(holder, Mapping):
        return Metric(evidence=evidence, reason=_reason(row, {}, group, name))
    if key is not None:
        evidence = str(holder.get("evidence") or evidence)
        if "mid" in holder and _MAIN.get(group) == key:
            return _band(holder, evidence)
        if "mid" in holder and key not in holder:
            return Metric(evidence=evidence, reason="projected as one band only")
    raw = holder.get(name)
    if isinstance(raw, Mapping):
        evidence = str(raw.get("evidence") or evidence)
        return _band(raw, evidence) if "mid" in raw else _point(raw, "value", evidence)
    if number(raw) is None:
        reason = _reason(row, holder, group, name)
        return Metric(evidence=evidence, reason=reason)
    return _point(holder, name, evidence)


def lower_is_better(metric: str) -> bool:
    """Return whether a metric of accuracy, by its name, is better where it is lower."""
    return metric in LOWER_IS_BETTER


def number(value: object) -> float | None:
    """Return a finite number, or None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def words(value: object) -> str:
    """Return a text from a row on one line, what cannot be shown escaped."""
    return printable(" ".join(str(value).split()))


def _point(holder: Row, name: str, evidence: str) -> Metric:
    low, high = _pair(holder.get(f"{name}_ci95"))
    if low is None and name == "value":
        low, high = _pair(holder.get("ci95"))
    value = number(holder.get(name))
    why = holder.get(f"{name}_ci95_reason")
    return Metric(
        evidence=evidence,
        value=value,
        low=low,
        high=high,
        reason=None if value is not None else NO_REASON,
        interval_reason=words(why) if why and low is None else None,
    )


def _band(holder: Row, evidence: str) -> Metric:
    value = number(holder.get("mid"))
    return Metric(
        evidence=evidence,
        value=value,
        low=number(holder.get("low")),
        high=number(holder.get("high")),
        coverage=number(holder.get("coverage")) or 0.8,
        band=True,
        reason=None if value is not None else NO_REASON,
    )


def _pair(value: object) -> tuple[float | None, float | None]:
    if isinstance(value, list | tuple) and len(value) == 2:
        low, high = number(value[0]), number(value[1])
        if low is not None and high is not None:
            return low, high
    return None, None


def _reason(row: Row, holder: Row, group: str, name: str) -> str:
    """Return why a metric is unknown: the nearest reason that the row gives."""
    stated = (
        holder.get(f"{name}_reason"),
        holder.get("reason"),
        row.get(f"{group}_reason"),
        row.get("reason"),
    )
    return next((words(reason) for reason in stated if reason), NO_REASON)
