"""How much load each case bears: rows of servers and camera lines as tables of text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .digits import plain
from .metrics import NO_REASON, Row, number, read, words
from .summary import case_name, workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One cell: a text, or ``n/a`` and the reason."""

    text: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTable:
    """The cases of one scenario; ``rows`` are (case, workload, figures)."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Figure, ...]], ...]


_TABLES = (
    (
        "server",
        "Queries at random moments",
        (
            ("highest rate met, 1/s", "rate_per_s", 1.0),
            ("p99 there, ms", "p99_ms", 1.0),
            ("next rate tried, 1/s", "next_rate_per_s", 1.0),
            ("p99 there, ms", "next_p99_ms", 1.0),
        ),
    ),
    (
        "pipeline",
        "Frames of cameras",
        (
            ("pre-processing, ms", "preprocess_ms", 1.0),
            ("inference, ms", "inference_ms", 1.0),
            ("post-processing, ms", "postprocess_ms", 1.0),
            ("whole frame, ms", "whole_ms", 1.0),
            ("cameras that hold", "streams", 1.0),
            ("in time, %", "in_time", 100.0),
            ("next tried", "next_streams", 1.0),
            ("in time, %", "next_in_time", 100.0),
        ),
    ),
)


def load_tables(rows: Sequence[Row]) -> list[LoadTable]:
    """Return a table for each of the two scenarios that has a case."""
    found = []
    for scenario, title, columns in _TABLES:
        own = [row for row in rows if row.get("scenario") == scenario]
        lines = tuple(
            (
                f"{words(row.get('model'))} / {case_name(row)}",
                workload(row),
                tuple(_figure(row, scenario, key, by) for _, key, by in columns),
            )
            for row in own
        )
        heads = tuple(head for head, _, _ in columns)
        if lines:
            found.append(LoadTable(title=title, heads=heads, rows=lines))
    return found


def _figure(row: Row, group: str, key: str, factor: float) -> Figure:
    metric = read(row, group, key)
    if metric.value is None:
        return Figure(text="n/a", reason=metric.reason or NO_REASON)
    # What is counted is shown whole.
    shown = factor * metric.value
    is_count = isinstance(metric.value, int) and number(metric.value) is not None
    return Figure(text=f"{shown:.0f}" if is_count else plain(shown))
