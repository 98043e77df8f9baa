"""What the charts show: the points of each model, workload and cost, from the rows.

The interactive figure and the static charts draw the same points on the same scales.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..harness.front import State
from . import scale
from .digits import byte_size, fixed
from .metrics import Metric, Row, lower_is_better, read, words
from .pareto import Cost, Front, costs, distinct_costs
from .scale import Scale
from .summary import (
    accuracy_name,
    case_name,
    distinct,
    leading,
    outcome,
    place_name,
    shown,
    workload,
)

PALETTE = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#e69f00",
    "#56b4e9",
)
"""Colours that people with colour-vision deficiency tell apart: Okabe and Ito,
Color Universal Design, 2008, without yellow and black, which vanish on one theme."""

OTHER = "other"
LABEL_LETTERS = 22

_SHOWN = 1e-12, 1e15
"""Values further out are no measurement of anything that a chart could show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One case as it is drawn; ``place`` is its row's, ``state`` None if not judged.

    ``colour`` is the class of the target's colour, ``c0`` and so on. ``brief`` holds
    both values rounded as in the table, ``facts`` with more digits and intervals.
    """

    place: int
    target: str
    cost: Metric
    accuracy: Metric
    state: State | None
    name: str
    label: str
    brief: str
    facts: tuple[str, ...]
    colour: str
    evidence: str
    hollow: bool

    @property
    def position(self) -> tuple[float, float]:
        """Return (cost, accuracy)."""
        return self.cost.value or 0.0, self.accuracy.value or 0.0

    @property
    def told(self) -> str:
        """Return all that a tooltip says, on one line."""
        return f"{self.name}: {', '.join(self.facts)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Accuracy against one cost; ``fronts`` are places among ``points``, as a line."""

    cost: Cost
    points: tuple[Point, ...]
    fronts: tuple[tuple[int, ...], ...]
    x: Scale | None
    y: Scale | None

    @property
    def axis(self) -> str:
        """Return the cost with its unit and the direction that is better."""
        unit = f", {self.cost.unit}" if self.cost.unit not in ("", "1") else ""
        better = "higher" if self.cost.higher_is_better else "lower"
        return f"{self.cost.title}{unit} · {better} is better"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One model under one workload; ``left_out`` are (cases, reason)."""

    model: str
    workload: str
    metric: str
    panels: tuple[Panel, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """Return model and workload."""
        return f"{self.model}: {self.workload}"

    @property
    def axis(self) -> str:
        """Return the metric of accuracy with the direction that is better."""
        better = "lower" if lower_is_better(self.metric) else "higher"
        return f"{self.metric} · {better} is better"


def target_colours(rows: Sequence[Row]) -> dict[str, str]:
    """Return the class of each target's colour; those past the palette share one."""
    targets = distinct(place_name(row) for row in rows)
    spare = [OTHER] * len(targets)
    own = [f"c{slot}" for slot in range(len(PALETTE))]
    return dict(zip(targets, [*own, *spare], strict=False))


def facets(rows: Sequence[Row], fronts: Sequence[Front]) -> list[Facet]:
    """Return a facet for each model and workload, the simplest workload first."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault((words(row.get("model")), workload(row)), []).append(place)
    colours = target_colours(rows)
    models = distinct(model for model, _ in places)
    order = sorted(
        places,
        key=lambda key: (models.index(key[0]), leading(rows[places[key][0]])),
    )
    found = []
    for model, work in order:
        own = places[model, work]
        near = [f for f in fronts if (f.model, f.workload) == (model, work)]
        found.append(_facet(model, work, {n: rows[n] for n in own}, near, colours))
    return found


def spelled(metric: Metric, unit: str) -> str:
    """Return a known metric to six digits, its interval in brackets.

    ``unit`` is "" for bytes, "1" for a number without unit.
    """
    value, interval = metric.value or 0.0, metric.interval
    if not unit:
        ends = "" if interval is None else " [{}, {}]".format(*map(byte_size, interval))
        return f"{byte_size(value)} ({fixed(value, 0)} bytes){ends}"
    text = f"{value:.6g}" if unit == "1" else f"{value:.6g} {unit}"
    if interval is None:
        return f"{text}, no interval"
    band = f" ({metric.coverage * 100:.0f} % band)" if metric.band else ""
    return f"{text} [{interval[0]:.6g}, {interval[1]:.6g}]{band}"


def _facet(
    model: str,
    work: str,
    rows: Mapping[int, Row],
    fronts: Sequence[Front],
    colours: Mapping[str, str],
) -> Facet:
    names = (accuracy_name(row) for row in rows.values())
    metric = next((name for name in names if name), "accuracy")
    left_out: dict[str, list[str]] = {}
    for row in rows.values():
        if why := _missing(row, metric):
            left_out.setdefault(why, []).append(case_name(row))
    return Facet(
        model=model,
        workload=work,
        metric=metric,
        panels=tuple(
            _panel(
                cost,
                {
                    n: row
                    for n, row in rows.items()
                    if cost in costs(row) and not _gaps(row, cost, metric)
                },
                [f for f in fronts if f.cost == cost and f.metric == metric],
                colours,
            )
            for cost in distinct_costs(rows.values())
        ),
        left_out=tuple((", ".join(names), why) for why, names in left_out.items()),
    )


def _gaps(row: Row, cost: Cost, metric: str) -> dict[str, str]:
    """Return what keeps a row off a panel: the reason by what is missing."""
    found, accuracy = cost.of(row), read(row, "accuracy", "value")
    gaps = {}
    if found.value is None:
        gaps[cost.title] = f"unknown: {found.reason}"
    elif not _SHOWN[0] <= found.value <= _SHOWN[1]:
        gaps[cost.title] = f"{found.value:g} has no place on a logarithmic axis"
    if accuracy.value is None:
        gaps["accuracy"] = f"unknown: {accuracy.reason}"
    elif abs(accuracy.value) > _SHOWN[1]:
        gaps["accuracy"] = f"{accuracy.value:g} has no place on an axis"
    elif accuracy_name(row) != metric:
        gaps["accuracy"] = f"is {accuracy_name(row)!r}, the chart's is {metric!r}"
    return gaps


def _missing(row: Row, metric: str) -> str:
    """Return what keeps a row off some panel, each reason once; "" for nothing."""
    gaps: dict[str, list[str]] = {}
    for cost in costs(row):
        for what, why in _gaps(row, cost, metric).items():
            if what not in gaps.setdefault(why, []):
                gaps[why].append(what)
    return "; ".join(f"{_listed(what)} {why}" for why, what in gaps.items())


def _listed(names: Sequence[str]) -> str:
    names = sorted(names, key=lambda name: name == "accuracy")
    return " and ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _panel(
    cost: Cost,
    rows: Mapping[int, Row],
    fronts: Sequence[Front],
    colours: Mapping[str, str],
) -> Panel:
    states = {n: state for front in fronts for n, state in front.states.items()}
    points = [
        _point(n, row, cost, states.get(n), colours[place_name(row)])
        for n, row in rows.items()
    ]
    index = {point.place: number for number, point in enumerate(points)}
    lines = [tuple(index[n] for n in f.members if n in index) for f in fronts]
    x, y = zip(*(p.position for p in points), strict=True) if points else ((), ())
    x_ends = [end for p in points for end in p.cost.interval or ()]
    y_ends = [end for p in points for end in p.accuracy.interval or ()]
    return Panel(
        cost=cost,
        points=tuple(points),
        fronts=tuple(filter(None, lines)),
        x=scale.logarithmic(x, x_ends, in_bytes=not cost.unit) if points else None,
        y=scale.linear(y, [e for e in y_ends if abs(e) <= _SHOWN[1]])
        if points
        else None,
    )


def _point(place: int, row: Row, cost: Cost, state: State | None, colour: str) -> Point:
    found, accuracy = cost.of(row), read(row, "accuracy", "value")
    label = words(row.get("variant"))
    short = label[: LABEL_LETTERS - 1] + "…" if len(label) > LABEL_LETTERS else label
    facts = (
        f"{cost.title} {spelled(found, cost.unit)}",
        f"{accuracy_name(row)} {spelled(accuracy, '1')}",
        outcome(row),
        _standing(state),
    )
    return Point(
        place=place,
        target=place_name(row),
        cost=found,
        accuracy=accuracy,
        state=state,
        name=case_name(row),
        label=short,
        brief=f"{_brief(found, cost.unit)}, {accuracy_name(row)} {shown(accuracy)}",
        facts=facts,
        colour=colour,
        evidence=str(row.get("evidence")),
        hollow=row.get("status") != "ok",
    )


def _brief(metric: Metric, unit: str) -> str:
    """Return a known cost as the table shows it."""
    return f"{shown(metric)} {unit}" if unit else byte_size(metric.value or 0.0)


def _standing(state: State | None) -> str:
    if state is None:
        return "not judged"
    return "on the front" if state is State.FRONT else str(state)
