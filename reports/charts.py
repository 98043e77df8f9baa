"""Accuracy against latency: one chart for each model and workload, as inline SVG."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    ScalarFormatter,
)

from . import labels, svg
from .metrics import Metric, Row, read, words
from .summary import (
    accuracy_name,
    case_name,
    distinct,
    outcome,
    place_name,
    spoken,
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

OTHER = "#8a8f98"
MARKERS = {
    "MEASURED": "o",
    "EMULATED": "^",
    "PROJECTED": "D",
    "PUBLISHED": "s",
    "SIMULATED": "X",
}
UNKNOWN_MARKER = "X"
CHARTS_MAX = 12
LABEL_LETTERS = 22

_INK, _MUTED, _RULE, _PAPER = "#101418", "#5a6470", "#dfe3e8", "#fdfdfc"
_COLOURS = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _RULE: "var(--rule)",
    _PAPER: "var(--paper)",
    OTHER: "var(--other)",
    **{colour: f"var(--c{slot})" for slot, colour in enumerate(PALETTE)},
}
_SIZE_INCHES = (5.2, 3.8)
_FONT_SIZE = 9.5
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "tierbench",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.size": _FONT_SIZE,
    "axes.linewidth": 0.8,
    "axes.edgecolor": _RULE,
    "axes.labelcolor": _MUTED,
    "xtick.color": _RULE,
    "ytick.color": _RULE,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart with what it leaves out: (cases, reason)."""

    title: str
    svg: str
    points: int
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One case as it is drawn."""

    latency_ms: Metric
    accuracy: Metric
    label: str
    tooltip: str
    colour: str
    marker: str
    hollow: bool

    @property
    def position(self) -> tuple[float, float]:
        """Return (latency in ms, accuracy)."""
        return self.latency_ms.value or 0.0, self.accuracy.value or 0.0


def target_colours(rows: Sequence[Row]) -> dict[str, str]:
    """Return the colour of each target; those past the palette share one grey."""
    targets = distinct(place_name(row) for row in rows)
    spare = [OTHER] * len(targets)
    return dict(zip(targets, [*PALETTE, *spare], strict=False))


def charts(rows: Sequence[Row]) -> tuple[list[Chart], list[str]]:
    """Return a chart for each model and workload, and the titles of those not drawn.

    At most ``CHARTS_MAX`` are drawn, those with most cases first to be kept.
    """
    facets: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        facet = words(row.get("model")), workload(row)
        facets.setdefault(facet, []).append(row)
    by_size = sorted(facets, key=lambda facet: -len(facets[facet]))
    kept = set(by_size[:CHARTS_MAX])
    colours = target_colours(rows)
    drawn = [
        _chart(f"{model}: {work}", facets[model, work], colours, number)
        for number, (model, work) in enumerate(facets)
        if (model, work) in kept
    ]
    return drawn, [": ".join(facet) for facet in facets if facet not in kept]


def _chart(
    title: str, rows: Sequence[Row], colours: Mapping[str, str], number: int
) -> Chart:
    metric = next((name for row in rows if (name := accuracy_name(row))), "accuracy")
    points: list[Point] = []
    left_out: dict[str, list[str]] = {}
    for row in rows:
        point = _point(row, metric, colours)
        if isinstance(point, Point):
            points.append(point)
        else:
            left_out.setdefault(point, []).append(case_name(row))
    drawing = _draw(points, metric, title, number) if points else ""
    return Chart(
        title=title,
        svg=drawing,
        points=len(points),
        left_out=tuple((", ".join(names), why) for why, names in left_out.items()),
    )


def _point(row: Row, metric: str, colours: Mapping[str, str]) -> Point | str:
    """Return the point of a row, or the reason why it cannot be drawn."""
    latency, accuracy = (
        read(row, "latency_ms", "median"),
        read(row, "accuracy", "value"),
    )
    unknown = {"latency": latency.reason, "accuracy": accuracy.reason}
    unknown = {name: reason for name, reason in unknown.items() if reason}
    if unknown:
        if len(set(unknown.values())) == 1:
            unknown = {" and ".join(unknown): next(iter(unknown.values()))}
        return "; ".join(f"{name} unknown: {why}" for name, why in unknown.items())
    if accuracy_name(row) != metric:
        return f"its accuracy is {accuracy_name(row)!r}, the chart's is {metric!r}"
    label = words(row.get("variant"))
    short = label[: LABEL_LETTERS - 1] + "…" if len(label) > LABEL_LETTERS else label
    told = f"{case_name(row)}: {spoken(latency, ' ms')}, {metric} {spoken(accuracy)}"
    return Point(
        latency_ms=latency,
        accuracy=accuracy,
        label=short,
        tooltip=f"{told}, {outcome(row)}",
        colour=colours[place_name(row)],
        marker=MARKERS.get(str(row.get("evidence")), UNKNOWN_MARKER),
        hollow=row.get("status") != "ok",
    )


def _draw(points: Sequence[Point], metric: str, title: str, number: int) -> str:
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        figure = Figure(figsize=_SIZE_INCHES, dpi=72)
        figure.patch.set_alpha(0)
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.14, 0.145, 0.835, 0.8))
        axes.patch.set_alpha(0)
        logarithmic = _scale(axes, points)
        for index, point in enumerate(points):
            _mark(axes, point, index)
        _label(axes, points)
        note = "median latency, ms (log scale)" if logarithmic else "median latency, ms"
        axes.set_xlabel(note)
        axes.set_ylabel("@metric")
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    texts = {f"@{index}": point.label for index, point in enumerate(points)}
    return svg.fragment(
        target.getvalue(),
        prefix=f"chart{number}-",
        texts={**texts, "@metric": metric},
        titles={f"point-{index}": point.tooltip for index, point in enumerate(points)},
        colours=_COLOURS,
        label=f"{metric} against median latency, {title}",
    )


def _scale(axes: Axes, points: Sequence[Point]) -> bool:
    """Set limits, ticks and grid; return whether latency is on a logarithmic scale."""
    latencies = [x for point in points for x in _ends(point.latency_ms)]
    accuracies = [y for point in points for y in _ends(point.accuracy)]
    middle = [point.position[0] for point in points]
    logarithmic = min(latencies) > 0 and max(middle) > 10 * min(middle)
    if logarithmic:
        axes.set_xscale("log")
        low, high = (math.log10(f(latencies)) for f in (min, max))
        low, high = _widened(low, high, 0.1)
        axes.set_xlim(10**low, 10**high)
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(*_widened(min(latencies), max(latencies), 0.14))
        _plain_ticks(axes.xaxis)
    axes.set_ylim(*_widened(min(accuracies), max(accuracies), 0.12))
    _plain_ticks(axes.yaxis)
    axes.grid(color=_RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", length=0, pad=5)
    return logarithmic


def _plain_ticks(axis: Axis) -> None:
    """Label an axis with all digits: no offset, no power of ten."""
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    formatter = ScalarFormatter(useOffset=False)
    formatter.set_scientific(False)
    axis.set_major_formatter(formatter)


def _ends(metric: Metric) -> tuple[float, ...]:
    ends = (metric.value, *(metric.interval or ()))
    return tuple(end for end in ends if end is not None)


def _widened(low: float, high: float, share: float) -> tuple[float, float]:
    """Return limits with a margin; one lone value gets a tenth of itself around."""
    margin = (high - low) * share or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _mark(axes: Axes, point: Point, index: int) -> None:
    x, y = point.position
    bars = ((point.latency_ms, y, axes.hlines), (point.accuracy, x, axes.vlines))
    for metric, at, draw in bars:
        if metric.interval is not None:
            width, alpha = (6.0, 0.3) if metric.band else (1.2, 0.75)
            ink = point.colour
            draw(at, *metric.interval, color=ink, linewidth=width, alpha=alpha)
    axes.plot(
        [x],
        [y],
        marker=point.marker,
        markersize=7.5,
        linestyle="none",
        markerfacecolor=_PAPER if point.hollow else point.colour,
        markeredgecolor=point.colour if point.hollow else _PAPER,
        markeredgewidth=1.5 if point.hollow else 0.9,
        zorder=3,
        gid=f"point-{index}",
    )


def _label(axes: Axes, points: Sequence[Point]) -> None:
    """Name the points; a placeholder stands for each name until the SVG is read."""
    to_page = axes.transData.transform
    window = axes.get_window_extent()
    frame = labels.Box(left=window.x0, bottom=window.y0, right=window.x1, top=window.y1)
    at = [(float(x), float(y)) for x, y in (to_page(p.position) for p in points)]
    letters = [len(point.label) for point in points]
    boxes = labels.place(at, letters, frame, _FONT_SIZE, _bars(axes, points))
    for index, (point, box) in enumerate(zip(points, boxes, strict=True)):
        axes.annotate(
            f"@{index}",
            xy=point.position,
            xycoords="data",
            xytext=(box.left, box.bottom + 1.5),
            textcoords="figure points",
            color=_INK,
            zorder=4,
        )


def _bars(axes: Axes, points: Sequence[Point]) -> list[labels.Box]:
    """Return the space that the error bars take, in points of the drawing."""
    boxes = []
    for point in points:
        (x, y) = point.position
        left, right = point.latency_ms.interval or (x, x)
        low, high = point.accuracy.interval or (y, y)
        if axes.get_xscale() == "log":
            left = max(left, axes.get_xlim()[0])
        ends = axes.transData.transform([(left, y), (right, y), (x, low), (x, high)])
        (x0, y0), (x1, _), (x2, y2), (_, y3) = ends.tolist()
        boxes.append(labels.Box(left=x0, bottom=y0 - 1, right=x1, top=y0 + 1))
        boxes.append(labels.Box(left=x2 - 1, bottom=y2, right=x2 + 1, top=y3))
    return boxes
