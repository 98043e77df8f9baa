"""Finalists under sustained load: the first minute beside the steady state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..harness.soak_rows import flip_sentence, flips
from .digits import plain, with_interval
from .metrics import NO_REASON, Metric, Row, number, read, words
from .summary import place_name, workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A value as text with its interval, or the reason why there is none."""

    text: str
    spread: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finalist:
    """One line of the table of sustained runs.

    ``effort`` is how long it lasted, and the evidence unless it is a measurement.
    """

    name: str
    place: str
    workload: str
    minute_1: Stretch
    steady: Stretch
    ratio: Stretch
    verdict: str
    throttling: str
    effort: str


def finalists(rows: Sequence[Row]) -> list[Finalist]:
    """Return the cases that were loaded without a pause, in the order of the rows."""
    return [_finalist(row, soak) for row in rows if (soak := _soak(row))]


def warnings(rows: Sequence[Row]) -> list[str]:
    """Return a sentence for each two finalists that changed places."""
    return [words(flip_sentence(flip)) for flip in flips(rows)]


def _soak(row: Row) -> Mapping[str, object] | None:
    found = row.get("soak")
    if not isinstance(found, Mapping) or not found:
        return None
    return {**found, "evidence": row.get("evidence")}


def _finalist(row: Row, soak: Mapping[str, object]) -> Finalist:
    seconds = number(soak.get("duration_s"))
    lasted = "" if seconds is None else f"{seconds / 60:.1f} min"
    return Finalist(
        name=f"{words(row.get('model'))} / {words(row.get('variant'))}",
        place=place_name(row),
        workload=workload(row),
        minute_1=_stretch(read(soak, "minute_1", "median_ms")),
        steady=_stretch(read(soak, "steady", "median_ms")),
        ratio=_stretch(read(soak, "ratio")),
        verdict=words(soak.get("verdict") or "unknown"),
        throttling=_throttling(soak),
        effort=", ".join(filter(None, (lasted, _other_evidence(row)))),
    )


def _throttling(soak: Mapping[str, object]) -> str:
    """Return the verdict on throttling, with the evidence where it was throttled."""
    state = words(soak.get("throttled") or "unknown")
    if state == "throttled":
        return f"throttled: {words(soak.get('throttled_reason') or NO_REASON)}"
    return state if state != "unknown" else "throttling unknown"


def _other_evidence(row: Row) -> str:
    evidence = words(row.get("evidence") or "unknown evidence")
    return "" if evidence == "MEASURED" else evidence.lower()


def _stretch(metric: Metric) -> Stretch:
    if metric.value is None:
        return Stretch(text="n/a", reason=metric.reason or NO_REASON)
    if metric.interval is None:
        return Stretch(text=plain(metric.value), reason=metric.interval_reason or "")
    text, spread = with_interval(metric.value, *metric.interval)
    return Stretch(text=text, spread=spread)
