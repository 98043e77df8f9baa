"""Accuracy against each cost as inline SVG, for print and for pages without scripts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from ..harness.front import State
from . import labels, svg
from .facets import OTHER, PALETTE, Facet, Panel, Point

MARKERS = {
    "MEASURED": "o",
    "EMULATED": "^",
    "PROJECTED": "D",
    "PUBLISHED": "s",
    "SIMULATED": "X",
}
UNKNOWN_MARKER = "X"
CHARTS_MAX = 12
"""Models and workloads with charts of their own."""

_INK, _MUTED, _RULE, _PAPER, _OTHER = (
    "#101418",
    "#5a6470",
    "#dfe3e8",
    "#fdfdfc",
    "#8a8f98",
)
_INKS = {**{f"c{slot}": ink for slot, ink in enumerate(PALETTE)}, OTHER: _OTHER}
_COLOURS = {
    _INK: "var(--ink)",
    _MUTED: "var(--muted)",
    _RULE: "var(--rule)",
    _PAPER: "var(--paper)",
    **{ink: f"var(--{name})" for name, ink in _INKS.items()},
}
_SIZE_INCHES = (4.3, 3.05)
_FONT_SIZE = 9.5
_FAINT = 0.45
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
    """The panels of one facet, each a drawing or "" where it has no points."""

    title: str
    panels: tuple[tuple[str, str], ...]
    """(title of the cost, SVG)."""


def charts(facets: Sequence[Facet]) -> tuple[list[Chart], list[str]]:
    """Return a chart for each facet, and the titles of those not drawn.

    At most ``CHARTS_MAX`` are drawn, those with most points first to be kept.
    """
    by_size = sorted(facets, key=lambda facet: -_points(facet))
    kept = {facet.title for facet in by_size[:CHARTS_MAX] if _points(facet)}
    drawn = [
        Chart(
            title=facet.title,
            panels=tuple(
                (panel.cost.title, _draw(facet, panel, f"chart{number}-{place}-"))
                for place, panel in enumerate(facet.panels)
            ),
        )
        for number, facet in enumerate(facets)
        if facet.title in kept
    ]
    return drawn, [facet.title for facet in facets if facet.title not in kept]


def _points(facet: Facet) -> int:
    return max(len(panel.points) for panel in facet.panels)


def _draw(facet: Facet, panel: Panel, prefix: str) -> str:
    if not panel.points:
        return ""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        figure = Figure(figsize=_SIZE_INCHES, dpi=72)
        figure.patch.set_alpha(0)
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.15, 0.18, 0.79, 0.76))
        axes.patch.set_alpha(0)
        _scale(axes, panel)
        for line in panel.fronts:
            _step(axes, panel, line)
        for index, point in enumerate(panel.points):
            _mark(axes, point, index)
        shown = _label(axes, panel)
        axes.set_xlabel("@cost")
        axes.set_ylabel("@metric")
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    texts = {f"@{index}": panel.points[index].label for index in shown}
    return svg.fragment(
        target.getvalue(),
        prefix=prefix,
        texts={**texts, "@metric": facet.metric, "@cost": panel.axis},
        titles={f"point-{n}": point.told for n, point in enumerate(panel.points)},
        colours=_COLOURS,
        label=f"{facet.metric} against {panel.cost.title}, {facet.title}",
    )


def _scale(axes: Axes, panel: Panel) -> None:
    """Set limits, ticks and grid."""
    if panel.x is None or panel.y is None:
        return
    axes.set_xscale("log")
    axes.set_xlim(panel.x.low, panel.x.high)
    axes.set_ylim(panel.y.low, panel.y.high)
    for axis, scale in ((axes.xaxis, panel.x), (axes.yaxis, panel.y)):
        axis.set_minor_locator(NullLocator())
        axis.set_major_locator(FixedLocator(scale.ticks))
        axis.set_major_formatter(FixedFormatter(scale.labels))
    axes.grid(color=_RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", length=0, pad=5)


def _step(axes: Axes, panel: Panel, line: Sequence[int]) -> None:
    """Draw a front: what can be had for no more than each cost."""
    x, y = zip(*_corners(panel, line), strict=True)
    axes.plot(x, y, color=_MUTED, linewidth=1.1, alpha=0.7)


def _corners(panel: Panel, line: Sequence[int]) -> list[tuple[float, float]]:
    """Return the points of a front with the corners of the steps between them."""
    places = sorted(panel.points[index].position for index in line)
    corners = places[:1]
    for (x, y), (next_x, next_y) in pairwise(places):
        corner = (x, next_y) if panel.cost.higher_is_better else (next_x, y)
        corners += [corner, (next_x, next_y)]
    return corners


def _mark(axes: Axes, point: Point, index: int) -> None:
    x, y = point.position
    ink = _INKS[point.colour]
    share = _FAINT if point.state is State.DOMINATED else 1.0
    bars = ((point.cost, y, axes.hlines), (point.accuracy, x, axes.vlines))
    for metric, at, draw in bars:
        if metric.interval is not None:
            width, alpha = (6.0, 0.3) if metric.band else (1.1, 0.5)
            ends = _inside(axes, metric.interval, draw == axes.hlines)
            draw(at, *ends, color=ink, linewidth=width, alpha=alpha * share)
    axes.plot(
        [x],
        [y],
        marker=MARKERS.get(point.evidence, UNKNOWN_MARKER),
        markersize=7.5 if point.state is State.FRONT else 6.5,
        linestyle="none",
        markerfacecolor=_PAPER if point.hollow else ink,
        markeredgecolor=ink if point.hollow else _PAPER,
        markeredgewidth=1.5 if point.hollow else 0.9,
        alpha=share,
        zorder=4 if point.state is State.FRONT else 3,
        gid=f"point-{index}",
    )


def _inside(
    axes: Axes, interval: tuple[float, float], horizontal: bool
) -> tuple[float, float]:
    """Return the part of an interval that the axis shows."""
    low, high = axes.get_xlim() if horizontal else axes.get_ylim()
    return max(low, interval[0]), min(high, interval[1])


def _label(axes: Axes, panel: Panel) -> list[int]:
    """Name the points, the front's first, where there is room; return which.

    A placeholder stands for each name until the SVG is read.
    """
    points, to_page = panel.points, axes.transData.transform
    window = axes.get_window_extent()
    frame = labels.Box(left=window.x0, bottom=window.y0, right=window.x1, top=window.y1)
    order = sorted(range(len(points)), key=lambda n: _rank(points[n]))
    at = [to_page(points[n].position).tolist() for n in order]
    letters = [len(points[n].label) for n in order]
    needed = [points[n].state is State.FRONT for n in order]
    boxes = labels.place(at, letters, frame, _FONT_SIZE, _lines(axes, panel), needed)
    placed = [(n, box) for n, box in zip(order, boxes, strict=True) if box]
    for index, box in placed:
        axes.annotate(
            f"@{index}",
            xy=points[index].position,
            xycoords="data",
            xytext=(box.left, box.bottom + 1.5),
            textcoords="figure points",
            color=_INK if points[index].state is State.FRONT else _MUTED,
            zorder=5,
        )
    return [index for index, _ in placed]


def _rank(point: Point) -> int:
    states = (State.FRONT, State.WITHIN_NOISE, State.DOMINATED, None)
    return states.index(point.state)


def _lines(axes: Axes, panel: Panel) -> list[labels.Box]:
    """Return the space that error bars and fronts take, in points of the drawing."""
    lines = []
    for point in panel.points:
        (x, y) = point.position
        left, right = _inside(axes, point.cost.interval or (x, x), True)
        low, high = _inside(axes, point.accuracy.interval or (y, y), False)
        lines += [((left, y), (right, y)), ((x, low), (x, high))]
    for front in panel.fronts:
        lines += pairwise(_corners(panel, front))
    boxes = []
    for ends in lines:
        (x0, y0), (x1, y1) = axes.transData.transform(ends).tolist()
        left, right, low, high = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        boxes.append(
            labels.Box(left=left - 1, bottom=low - 1, right=right + 1, top=high + 1)
        )
    return boxes
