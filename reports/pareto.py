"""Which cases nothing else beats: Pareto fronts of accuracy and one cost.

A front holds the cases of one model under one workload whose accuracy and cost are
known by the same evidence: what was measured never stands on one front with what was
emulated, projected or published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import moocore
import numpy as np

from .metrics import Metric, Row, lower_is_better, read, words
from .summary import accuracy_name, workload

JUDGED = ("ok", "not_converged")
"""Statuses of cases that take part."""


class State(StrEnum):
    """Where a case stands towards the others of its front."""

    FRONT = "front"
    WITHIN_NOISE = "within noise"
    DOMINATED = "dominated"


_BY_RATE = ("offline", "server", "pipeline")
"""Scenarios that ask how much a case bears, not how long a call takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What is weighed against accuracy; ``unit`` is "" for bytes.

    An ``exact`` cost has no interval that could be unknown.
    """

    name: str
    title: str
    unit: str
    group: str
    key: str | None = None
    exact: bool = False
    higher_is_better: bool = False

    def of(self, row: Row) -> Metric:
        """Return the cost of a row."""
        return read(row, self.group, self.key)


LATENCY = Cost(
    name="latency",
    title="median latency",
    unit="ms",
    group="latency_ms",
    key="median",
)
THROUGHPUT = Cost(
    name="throughput",
    title="throughput",
    unit="1/s",
    group="throughput_per_s",
    higher_is_better=True,
)
SIZE = Cost(name="size", title="model size", unit="", group="size_bytes", exact=True)
MEMORY = Cost(
    name="memory",
    title="peak memory",
    unit="",
    group="memory",
    key="peak_bytes",
    exact=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The cases that were judged together, by their place among all rows.

    ``members`` are those on the front, the best cost first; ``states`` holds all.
    """

    model: str
    workload: str
    cost: Cost
    metric: str
    evidence: str
    members: tuple[int, ...]
    states: Mapping[int, State]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Cost and accuracy as numbers of which less is better, with their bounds."""

    place: int
    sha256: object
    point: tuple[float, float]
    best: tuple[float, float]
    worst: tuple[float, float]


def costs(row: Row) -> tuple[Cost, Cost, Cost]:
    """Return the costs that count for a row's scenario: its speed, size and memory."""
    speed = THROUGHPUT if row.get("scenario") in _BY_RATE else LATENCY
    return speed, SIZE, MEMORY


def fronts(rows: Sequence[Row]) -> list[Front]:
    """Return every front, in the order in which the rows begin them."""
    groups: dict[tuple[str, str, Cost, str, str], list[_Case]] = {}
    for place, row in enumerate(rows):
        metric, accuracy = accuracy_name(row), read(row, "accuracy", "value")
        if row.get("status") not in JUDGED or metric is None or accuracy.value is None:
            continue
        for cost in costs(row):
            found = cost.of(row)
            if found.value is not None:
                group = words(row.get("model")), workload(row), cost, metric
                evidence = _evidence(found, accuracy)
                case = _case(place, row, (found, cost), (accuracy, metric))
                groups.setdefault((*group, evidence), []).append(case)
    return [_front(*group, cases) for group, cases in groups.items()]


def states(found: Sequence[Front]) -> dict[int, dict[str, State]]:
    """Return the states of each row that was judged, by the cost's name."""
    by_row: dict[int, dict[str, State]] = {}
    for front in found:
        for place, state in front.states.items():
            by_row.setdefault(place, {})[front.cost.name] = state
    return by_row


def _evidence(cost: Metric, accuracy: Metric) -> str:
    """Return the class of evidence, as ``measured``."""
    one, other = words(cost.evidence).lower(), words(accuracy.evidence).lower()
    return one if one == other else f"{one}, accuracy {other}"


def _case(
    place: int, row: Row, cost: tuple[Metric, Cost], accuracy: tuple[Metric, str]
) -> _Case:
    ends = (
        _bounds(cost[0], cost[1].exact, cost[1].higher_is_better),
        _bounds(accuracy[0], False, not lower_is_better(accuracy[1])),
    )
    best, point, worst = zip(*ends, strict=True)
    sha256 = row.get("variant_sha256")
    return _Case(place=place, sha256=sha256, point=point, best=best, worst=worst)


def _bounds(
    metric: Metric, exact: bool, higher_is_better: bool
) -> tuple[float, float, float]:
    """Return the best, the likely and the worst value, less being better.

    Without an interval nothing bounds a value, unless it is exact.
    """
    value = metric.value or 0.0
    unbounded = (value, value) if exact else (-np.inf, np.inf)
    low, high = metric.interval or unbounded
    return (-high, -value, -low) if higher_is_better else (low, value, high)


def _front(
    model: str,
    work: str,
    cost: Cost,
    metric: str,
    evidence: str,
    cases: Sequence[_Case],
) -> Front:
    on_it = moocore.is_nondominated(
        np.array([case.point for case in cases]), keep_weakly=True
    )
    members = [case for case, is_on in zip(cases, on_it, strict=True) if is_on]
    return Front(
        model=model,
        workload=work,
        cost=cost,
        metric=metric,
        evidence=evidence,
        members=tuple(case.place for case in sorted(members, key=lambda c: c.point)),
        states={
            case.place: State.FRONT if is_on else _off(case, cases)
            for case, is_on in zip(cases, on_it, strict=True)
        },
    )


def _off(case: _Case, others: Sequence[_Case]) -> State:
    """Return the state of a case that is not on the front."""
    beaten = any(_surely_beats(other, case) for other in others)
    return State.DOMINATED if beaten else State.WITHIN_NOISE


def _surely_beats(one: _Case, other: _Case) -> bool:
    """Return whether one is at its worst no worse than the other at its best.

    The accuracies of one model file were found on the same samples: which samples
    these were, all that the interval tells, cannot turn their order round.
    """
    worst, best = one.worst, other.best
    if one.sha256 is not None and one.sha256 == other.sha256:
        worst, best = (worst[0], one.point[1]), (best[0], other.point[1])
    no_worse = all(a <= b for a, b in zip(worst, best, strict=True))
    return no_worse and one.point != other.point
