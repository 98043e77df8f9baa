"""What a report says first: what was asked, how it went, which variant stands out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from .digits import fixed, interval_decimals, plain
from .metrics import Metric, Row, lower_is_better, number, read, words

STATUS = {
    "ok": "ok",
    "not_converged": "not converged",
    "failed": "failed",
    "timed_out": "timed out",
    "skipped": "skipped",
}
AS_IS = "as is"
"""The variant's name of a model file that is its own only variant."""
_ALWAYS = ("measured", "not converged", "failed", "skipped")
_T = TypeVar("_T", bound=Hashable)
_SCENARIOS = ("single_stream", "multi_stream", "server", "offline", "pipeline")


def outcome(row: Row) -> str:
    """Return how a case counts: by its evidence if it is ok, else by its status."""
    status = words(row.get("status"))
    if status == "ok":
        return words(row.get("evidence") or "unknown evidence").lower()
    return STATUS.get(status, status)


def counts(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Return (outcome, cases) so that the cases add up to all rows."""
    outcomes = [outcome(row) for row in rows]
    names = [*_ALWAYS, *sorted(set(outcomes) - set(_ALWAYS))]
    return [(name, outcomes.count(name)) for name in names]


def asked(rows: Sequence[Row]) -> str:
    """Return one sentence on what the cases span."""
    models = distinct(row.get("model") for row in rows)
    variants = distinct((row.get("model"), row.get("variant")) for row in rows)
    targets = distinct(row.get("target") for row in rows)
    work = distinct((row.get("scenario"), row.get("batch")) for row in rows)
    return (
        f"{_some(len(variants), 'variant')} of {_some(len(models), 'model')} "
        f"on {_some(len(targets), 'target')} under {_some(len(work), 'workload')}"
    )


def highlights(rows: Sequence[Row]) -> dict[str, str]:
    """Return a sentence for each model: its most accurate and its fastest case.

    Only models with a case that was measured and converged take part, and only such
    cases can be the fastest. An accuracy does not hang on how narrow a latency's
    interval became, so every case that was measured can be the most accurate.
    """
    proven = [row for row in rows if outcome(row) == "measured"]
    judged = [row for row in rows if _was_measured(row)]
    sentences = {}
    for model in distinct(row.get("model") for row in proven):
        own = [row for row in proven if row.get("model") == model]
        same = [row for row in judged if row.get("model") == model]
        parts = [part for part in (_most_accurate(same), _fastest(own)) if part]
        if parts:
            sentences[words(model)] = f"{'; '.join(parts)}."
    return sentences


def case_name(row: Row) -> str:
    """Return ``variant on target``."""
    return f"{words(row.get('variant'))} on {place_name(row)}"


def _leader(row: Row) -> str:
    """Return a case's name behind its model's, which a lone file stands for."""
    return place_name(row) if row.get("variant") == AS_IS else case_name(row)


def place_name(row: Row) -> str:
    """Return the target with the options that the sweep set, if any."""
    return words(row.get("place") or row.get("target"))


def workload(row: Row) -> str:
    """Return the scenario, what belongs to it alone, and the batch in words."""
    scenario = words(row.get("scenario")).replace("_", " ") + _load(row)
    return f"{scenario}, batch\N{NO-BREAK SPACE}{words(row.get('batch'))}"


def _load(row: Row) -> str:
    """Return what the scenario was told, so that unlike loads are never one."""
    load = row.get("load")
    if not isinstance(load, dict):
        return ""
    told = {
        key: f"{value:.4g}"
        for key, raw in load.items()
        if (value := number(raw)) is not None
    }
    if "server_p99_ms" in told:
        return f" within p99 {told['server_p99_ms']} ms"
    if "samples_per_query" in told:
        return f" of {told['samples_per_query']}"
    if {"frame_rate_fps", "frame_deadline_ms"} <= told.keys():
        rate, deadline = told["frame_rate_fps"], told["frame_deadline_ms"]
        return f" at {rate} fps within {deadline} ms"
    return ""


def shown(metric: Metric) -> str:
    """Return a known value with the digits that its interval deserves."""
    value = metric.value or 0.0
    if metric.interval is None:
        return plain(value)
    return fixed(value, interval_decimals(value, *metric.interval))


def spoken(metric: Metric, unit: str = "") -> str:
    """Return a known metric with its unit and its interval in words."""
    if metric.value is None:
        return "unknown"
    if metric.interval is None:
        return plain(metric.value) + unit
    places = interval_decimals(metric.value, *metric.interval)
    low, high = (fixed(number, places) for number in metric.interval)
    kind = f"{metric.coverage * 100:.0f} % {'band' if metric.band else 'interval'}"
    return f"{shown(metric)}{unit} ({kind} {low} to {high})"


def distinct(values: Iterable[_T]) -> list[_T]:
    """Return the values without repeats, in the order of their first appearance."""
    return list(dict.fromkeys(values))


def _most_accurate(rows: Sequence[Row]) -> str | None:
    name, known = _of_one_metric(rows)
    if not known:
        return None
    sign = 1 if lower_is_better(name) else -1
    row, best = min(
        known, key=lambda pair: (sign * (pair[1].value or 0.0), *_ease(pair[0]))
    )
    variant = row.get("variant")
    others = {
        other.get("variant")
        for other, metric in known
        if other.get("variant") != variant and _overlap(best, metric)
    }
    text = f"{_leader(row)} is the most accurate, {name} {spoken(best)}"
    if others:
        text += _rivals(len(others), "variant")
    return text


def _fastest(rows: Sequence[Row]) -> str | None:
    # A server's latency is that at its own highest rate, which is another's for each.
    rows = [row for row in rows if row.get("scenario") != "server"]
    known = [(row, read(row, "latency_ms", "median")) for row in rows]
    known = [pair for pair in known if pair[1].value is not None and not pair[1].band]
    if not known:
        return None
    lead = min((row for row, _ in known), key=leading)
    same = [p for p in known if leading(p[0]) == leading(lead)]
    row, best = min(same, key=lambda pair: pair[1].value or 0.0)
    rivals = sum(1 for other, m in same if other is not row and _overlap(best, m))
    median, accuracy = spoken(best, " ms"), read(row, "accuracy", "value")
    name = _leader(row)
    if accuracy.value is not None:
        name += f", with {accuracy_name(row)} {shown(accuracy)},"
    text = f"{name} is the fastest at {workload(row)}, median {median}"
    if rivals:
        text += _rivals(rivals, "case")
    return text


def _was_measured(row: Row) -> bool:
    return row.get("status") in ("ok", "not_converged") and (
        row.get("evidence") == "MEASURED"
    )


def _ease(row: Row) -> tuple[bool, tuple[int, str, float], float]:
    """Return what puts, of equally accurate cases, the proven and fastest one first."""
    median = read(row, "latency_ms", "median").value
    slow = float("inf") if median is None else median
    return row.get("status") != "ok", leading(row), slow


def _of_one_metric(rows: Sequence[Row]) -> tuple[str, list[tuple[Row, Metric]]]:
    """Return the first accuracy metric named and the rows that know it."""
    name = next((n for row in rows if (n := accuracy_name(row))), "accuracy")
    own = [row for row in rows if accuracy_name(row) == name]
    pairs = [(row, read(row, "accuracy", "value")) for row in own]
    return name, [pair for pair in pairs if pair[1].value is not None]


def accuracy_name(row: Row) -> str | None:
    """Return the name of the accuracy metric, or None where there is none."""
    accuracy = row.get("accuracy")
    if not isinstance(accuracy, dict) or not accuracy:
        return None
    return words(accuracy.get("metric") or "accuracy")


def leading(row: Row) -> tuple[int, str, float]:
    """Return what sorts the simplest workload first: single stream, least batch."""
    scenario = words(row.get("scenario"))
    rank = _SCENARIOS.index(scenario) if scenario in _SCENARIOS else len(_SCENARIOS)
    batch = row.get("batch")
    return rank, scenario, float(batch) if isinstance(batch, int) else 0.0


def _overlap(one: Metric, other: Metric) -> bool:
    if one.interval is None or other.interval is None:
        return False
    return one.interval[0] <= other.interval[1] and other.interval[0] <= one.interval[1]


def _rivals(count: int, noun: str) -> str:
    """Return the caveat that other intervals overlap the best one."""
    if count == 1:
        return f", though the interval of 1 other {noun} overlaps it"
    return f", though the intervals of {count} other {noun}s overlap it"


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
