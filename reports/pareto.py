"""Which cases nothing else beats: Pareto fronts of accuracy and one cost.

A front holds the cases of one model under one workload whose accuracy and cost are
known by the same evidence: what was measured never stands on one front with what was
emulated, projected or published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..harness.front import Contender, State, bounds
from ..harness.front import states as contender_states
from .metrics import Metric, Row, lower_is_better, read, words
from .summary import accuracy_name, workload

JUDGED = ("ok", "not_converged")
"""Statuses of cases that take part."""


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
ARENA = Cost(
    name="arena",
    title="tensor arena",
    unit="",
    group="memory",
    key="arena_bytes",
    exact=True,
)
INSTRUCTIONS = Cost(
    name="instructions",
    title="instructions",
    unit="1",
    group="instructions",
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
    """A row's place among all rows, and how it contends."""

    place: int
    contender: Contender


def costs(row: Row) -> tuple[Cost, Cost, Cost]:
    """Return the costs that count for a row: its speed, its size and its memory.

    Speed is what the scenario asks for, or where no time is told, the instructions.
    Memory is the process's, or the arena's of a device that has no processes.
    """
    speed = THROUGHPUT if row.get("scenario") in _BY_RATE else LATENCY
    if speed.of(row).value is None and INSTRUCTIONS.of(row).value is not None:
        speed = INSTRUCTIONS
    arena = MEMORY.of(row).value is None and ARENA.of(row).value is not None
    return speed, SIZE, ARENA if arena else MEMORY


def distinct_costs(rows: Iterable[Row]) -> list[Cost]:
    """Return the costs of several rows, each once: speeds, the size, memories."""
    each = [costs(row) for row in rows]
    return list(
        dict.fromkeys(cost for kind in zip(*each, strict=True) for cost in kind)
    )


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
    found, kind = cost
    contender = Contender.of(
        row.get("variant_sha256"),
        _bounds(found, kind.exact, kind.higher_is_better),
        _bounds(accuracy[0], False, not lower_is_better(accuracy[1])),
    )
    return _Case(place=place, contender=contender)


def _bounds(
    metric: Metric, exact: bool, higher_is_better: bool
) -> tuple[float, float, float]:
    return bounds(
        metric.value or 0.0,
        metric.interval,
        exact=exact,
        higher_is_better=higher_is_better,
    )


def _front(
    model: str,
    work: str,
    cost: Cost,
    metric: str,
    evidence: str,
    cases: Sequence[_Case],
) -> Front:
    found = contender_states([case.contender for case in cases])
    judged = list(zip(cases, found, strict=True))
    members = [case for case, state in judged if state is State.FRONT]
    members.sort(key=lambda case: case.contender.point)
    return Front(
        model=model,
        workload=work,
        cost=cost,
        metric=metric,
        evidence=evidence,
        members=tuple(case.place for case in members),
        states={case.place: state for case, state in judged},
    )
