"""How latencies are distributed: one strip for each case, as plain SVG.

Positions are percentages, so that a strip fills any width without distortion.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from ..harness.distribution import LatencyHistogram
from . import scale
from .digits import fixed
from .facets import target_colours
from .metrics import Metric, Row, read, words
from .scale import Scale
from .summary import case_name, distinct, leading, shown, workload

_QUANTILES = ("median", "p90", "p99")
_HEIGHT = 100
"""Units of a strip's height; its width has a thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """One case: ``figures`` are (name, text) of what the row publishes."""

    place: int
    name: str
    figures: tuple[tuple[str, str], ...]
    calls: str
    svg: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridge:
    """The strips of one model and workload on one axis."""

    title: str
    axis: Markup
    strips: tuple[Strip, ...]


def ridges(
    rows: Sequence[Row], distributions: Mapping[str, LatencyHistogram]
) -> list[Ridge]:
    """Return a ridge for each model and workload that has a distribution."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, row in enumerate(rows):
        if row.get("case_key") in distributions:
            group = words(row.get("model")), workload(row)
            groups.setdefault(group, []).append(place)
    models = distinct(model for model, _ in groups)
    order = sorted(
        groups, key=lambda key: (models.index(key[0]), leading(rows[groups[key][0]]))
    )
    colours = target_colours(rows)
    return [
        _ridge(f"{model}: {work}", rows, groups[model, work], distributions, colours)
        for model, work in order
    ]


def _ridge(
    title: str,
    rows: Sequence[Row],
    places: Sequence[int],
    distributions: Mapping[str, LatencyHistogram],
    colours: Mapping[str, str],
) -> Ridge:
    found = {n: distributions[str(rows[n]["case_key"])] for n in places}
    edges = [h.edges_ms[end] for h in found.values() for end in (0, -1)]
    axis = scale.logarithmic(edges, ())
    return Ridge(
        title=title,
        axis=_ticks(axis),
        strips=tuple(_strip(n, rows[n], h, axis, colours) for n, h in found.items()),
    )


def _strip(
    place: int,
    row: Row,
    histogram: LatencyHistogram,
    axis: Scale,
    colours: Mapping[str, str],
) -> Strip:
    metrics = {name: read(row, "latency_ms", name) for name in _QUANTILES}
    figures = tuple((name, _told(metric)) for name, metric in metrics.items())
    name = case_name(row)
    said = ", ".join(f"{name} {text}" for name, text in figures)
    marks = {n: m.value for n, m in metrics.items() if m.value is not None}
    target = row.get("place") or row.get("target")
    return Strip(
        place=place,
        name=name,
        figures=figures,
        calls=f"{fixed(histogram.n, 0)} calls",
        svg=_drawing(
            f"Latencies of {name} in ms: {said}; {histogram.n} calls",
            colours.get(words(target), "other"),
            histogram,
            marks,
            axis,
        ),
    )


def _told(metric: Metric) -> str:
    return "n/a" if metric.value is None else shown(metric)


def _ticks(axis: Scale) -> Markup:
    texts = Markup("").join(
        Markup('<text x="{}%" y="12">{}</text>').format(_percent(tick, axis), label)
        for tick, label in zip(axis.ticks, axis.labels, strict=True)
    )
    return Markup('<svg class="ticks" aria-hidden="true">{}</svg>').format(texts)


def _drawing(
    label: str,
    colour: str,
    histogram: LatencyHistogram,
    marks: Mapping[str, float],
    axis: Scale,
) -> Markup:
    grid = Markup("").join(
        Markup('<line class="grid" x1="{0}%" x2="{0}%" y1="0" y2="100%"/>').format(
            _percent(tick, axis)
        )
        for tick in axis.ticks
    )
    lines = Markup("").join(
        Markup('<line class="{0}" x1="{1}%" x2="{1}%" y1="0" y2="100%"/>').format(
            name, _percent(value, axis)
        )
        for name, value in marks.items()
    )
    return Markup(
        '<svg class="strip {}" role="img" aria-label="{}">{}'
        '<svg viewBox="0 0 1000 {}" preserveAspectRatio="none" width="100%" '
        'height="100%"><path d="{}"/></svg>{}</svg>'
    ).format(colour, label, grid, _HEIGHT, _outline(histogram, axis), lines)


def _outline(histogram: LatencyHistogram, axis: Scale) -> str:
    """Return the path of the density, the square root of which is the height.

    The root keeps the few slow calls visible beside the many usual ones.
    """
    edges = [10 * _percent(edge, axis) for edge in histogram.edges_ms]
    top = max(histogram.counts) or 1
    path = [f"M{edges[0]:.1f} {_HEIGHT}"]
    height = float(_HEIGHT)
    for (left, right), count in zip(pairwise(edges), histogram.counts, strict=True):
        tall = _HEIGHT * (1 - math.sqrt(count / top))
        if tall != height:
            path.append(f"L{left:.1f} {tall:.0f}")
        path.append(f"L{right:.1f} {tall:.0f}")
        height = tall
    return "".join([*path, f"L{edges[-1]:.1f} {_HEIGHT}Z"])


def _percent(value: float, axis: Scale) -> float:
    """Return where a value stands on the axis, 0 to 100."""
    inside = min(axis.high, max(axis.low, value))
    share = math.log(inside / axis.low) / math.log(axis.high / axis.low)
    return round(100 * share, 3)
