"""A sustained run as a part of a row, and what the rows of finalists say together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from .row_values import estimated, known, unknown
from .soak import Soak
from .statistics import Estimate
from .values import Evidence, Result, Status

Row = Mapping[str, Any]

_MEASURED = (Status.OK, Status.NOT_CONVERGED)
NOT_ASKED = (
    "no sustained run was asked for (the profile procurement has one, or soak_s), or "
    "the run was left before it ended"
)


def soak_part(result: Result, found: Soak | None, why: str | None) -> dict[str, Any]:
    """Return the row's ``soak``, or why there is none.

    Args:
        result: the case's result.
        found: what its sustained run showed.
        why: why nothing was measured, None where something was.
    """
    if found is None:
        ended = None if result.status in _MEASURED else result.reason
        return unknown("soak", why or ended or result.soak_reason or NOT_ASKED)
    return {
        "soak": {
            "minute_1": estimated("median_ms", found.minute_1, 1e-6),
            **_steady(found),
            **estimated("ratio", found.ratio, 1.0),
            "verdict": str(found.verdict),
            "throttled": found.throttling.state,
            "throttled_reason": found.throttling.reason,
            "duration_s": found.duration_s,
            "calls": found.calls,
        }
    }


def _steady(found: Soak) -> dict[str, Any]:
    steady: Estimate = found.steady
    if steady.value is None:
        return unknown("steady", steady.reason or "not known")
    told = estimated("median_ms", steady, 1e-6)
    return known("steady", {**told, "from_s": found.steady_from_s}, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """Two rows of one model and workload that changed places.

    ``early`` was surely faster in the first minute, ``late`` surely is in the steady
    state: neither pair of intervals overlaps.
    """

    early: Row
    late: Row


def flips(rows: Sequence[Row]) -> list[Flip]:
    """Return every two finalists whose order in the first minute did not last.

    Only cases of one model, scenario, batch and evidence are compared.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if isinstance(row.get("soak"), Mapping):
            names = ("model", "scenario", "batch", "evidence")
            groups.setdefault(tuple(row.get(name) for name in names), []).append(row)
    return [
        flip
        for group in groups.values()
        for pair in combinations(group, 2)
        for flip in _flipped(*pair)
    ]


def _flipped(one: Row, other: Row) -> Iterator[Flip]:
    for early, late in ((one, other), (other, one)):
        at_first = _below(early, late, "minute_1")
        if at_first and _below(late, early, "steady"):
            yield Flip(early=early, late=late)


def _below(one: Row, other: Row, stretch: str) -> bool:
    """Return whether one row's interval ends before the other's begins."""
    first, second = (_median(row, stretch, "_ci95") for row in (one, other))
    return bool(first and second and first[1] < second[0])


def _median(row: Row, stretch: str, suffix: str = "") -> Any:
    """Return the median of a stretch, or its interval; None where it is not known."""
    return (row["soak"].get(stretch) or {}).get(f"median_ms{suffix}")


def flip_sentence(flip: Flip) -> str:
    """Return the warning for people."""
    early, late = flip.early, flip.late
    evidence = early.get("evidence")
    name = (
        f"{early['model']} {str(early['scenario']).replace('_', ' ')} "
        f"batch {early['batch']}"
        + ("" if evidence == Evidence.MEASURED else f" ({evidence})")
    )
    first, last = (
        tuple(_median(row, stretch) for row in (early, late))
        for stretch in ("minute_1", "steady")
    )
    return (
        f"the ranking of {name} flips under sustained load: "
        f"{early['variant']} on {early['place']} is faster than "
        f"{late['variant']} on {late['place']} in minute 1 "
        f"({first[0]:.4g} against {first[1]:.4g} ms), but slower in the steady state "
        f"({last[0]:.4g} against {last[1]:.4g} ms)"
    )
