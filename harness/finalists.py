"""Which cases of a run could be chosen, and so are worth a sustained run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .accuracy import LOWER_IS_BETTER
from .constraints import broken
from .front import Contender, State, bounds, states
from .sweep import Constraints
from .values import Scenario, Status

Row = Mapping[str, Any]

FINALISTS_MAX = 4
"""Of one model and workload: each costs half an hour of its device."""

SAG_ALLOWED = 1.5
"""How much slower a case may become under sustained load before it is overtaken by one
that is no finalist. Two devices that run one file differ in speed alone: without this
only the faster would be soaked, and its sag would go unseen."""

SOAKED = (Scenario.SINGLE_STREAM, Scenario.OFFLINE)
"""Scenarios that keep a device busy without a pause."""

_MEASURED = (Status.OK, Status.NOT_CONVERGED)


@dataclass(frozen=True, slots=True)
class Choice:
    """Case keys of the finalists, in order, and of each other case why it is none."""

    finalists: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)


def choose(rows: Sequence[Row], constraints: Constraints | None) -> Choice:
    """Return the finalists among a run's rows.

    They were measured, fulfil the constraints and are on the front of accuracy against
    latency (offline, throughput) among such cases of their model and workload, within
    noise of it, or would be if others became slower by ``SAG_ALLOWED``. Where no case
    knows its accuracy, latency alone decides. At most ``FINALISTS_MAX``, those on the
    front first, the fastest first.
    """
    choice = Choice()
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["status"] not in _MEASURED:
            continue
        if reason := _unfit(row, constraints):
            choice.reasons[row["case_key"]] = f"not a finalist: {reason}"
            continue
        names = ("model", "scenario", "batch", "evidence")
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    for group in groups.values():
        _judge(list(_of_known_accuracy(group, choice)), choice)
    return choice


def _unfit(row: Row, constraints: Constraints | None) -> str | None:
    if row["scenario"] not in SOAKED:
        return f"a sustained run has the scenario {' or '.join(SOAKED)}"
    if _speed(row)[0] is None:
        return "its speed is not known"
    problems = broken(row, constraints) if constraints else []
    return "; ".join(problems) or None


def _of_known_accuracy(group: Sequence[Row], choice: Choice) -> Iterator[Row]:
    """Yield the rows that know their accuracy by the first one's metric, or all."""
    metrics = [(row["accuracy"] or {}).get("metric") for row in group]
    first = next((metric for metric in metrics if metric), None)
    for row, metric in zip(group, metrics, strict=True):
        if metric == first:
            yield row
        else:
            reason = f"not a finalist: its {first} is not known"
            choice.reasons[row["case_key"]] = reason


def _judge(group: Sequence[Row], choice: Choice) -> None:
    contenders = [_contender(row) for row in group]
    found = list(zip(group, contenders, states(contenders), strict=True))
    found.sort(key=lambda entry: (entry[2] is not State.FRONT, entry[1].point))
    near = [row["case_key"] for row, _, state in found if state is not State.DOMINATED]
    choice.finalists.extend(near[:FINALISTS_MAX])
    for row, _, state in found:
        key = row["case_key"]
        if state is State.DOMINATED:
            choice.reasons[key] = (
                "not a finalist: another case is surely no worse in accuracy and, "
                f"even if it slowed {SAG_ALLOWED:g} times, in speed"
            )
        elif key in near[FINALISTS_MAX:]:
            choice.reasons[key] = (
                f"not a finalist: of {len(near)} cases on the front or near it, the "
                f"first {FINALISTS_MAX} are soaked"
            )


def _contender(row: Row) -> Contender:
    speed, interval = _speed(row)
    accuracy = row["accuracy"] or {"value": 0.0, "ci95": (0.0, 0.0), "metric": ""}
    offline = row["scenario"] == Scenario.OFFLINE
    best, likely, worst = bounds(
        float(speed or 0.0), interval, higher_is_better=offline
    )
    sagged = worst / SAG_ALLOWED if offline else worst * SAG_ALLOWED
    return Contender.of(
        row["variant_sha256"],
        (best, likely, sagged),
        bounds(
            accuracy["value"],
            accuracy["ci95"],
            higher_is_better=accuracy["metric"] not in LOWER_IS_BETTER,
        ),
    )


def _speed(row: Row) -> tuple[float | None, tuple[float, float] | None]:
    """Return latency or, offline, throughput, and its interval."""
    if row["scenario"] == Scenario.OFFLINE:
        return row["throughput_per_s"], row.get("throughput_per_s_ci95")
    latency = row["latency_ms"] or {}
    return latency.get("median"), latency.get("median_ci95")
