"""The figure that answers to its reader: a Vega-Lite specification and its data.

The browser draws it with Vega, which travels in the page. A person's choice of model,
workload and cost is one signal, ``scene``; the targets that are hidden are another.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import altair as alt

from ..harness.front import State
from .facets import Facet, Panel, Point
from .scale import Scale

SHAPES = {
    "MEASURED": "circle",
    "EMULATED": "triangle-up",
    "PROJECTED": "diamond",
    "PUBLISHED": "square",
    "SIMULATED": "cross",
}
_UNKNOWN_SHAPE = "cross"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"
_CHOSEN = "datum.facet === scene.facet && datum.panel === scene.panel"
_SHOWN = f"{_CHOSEN} && indexof(hidden, datum.target) < 0"
_RANKS = (State.FRONT, State.WITHIN_NOISE, State.DOMINATED, None)


def figure(facets: Sequence[Facet]) -> dict[str, Any] | None:
    """Return all that the page's script needs to draw, or None without any point.

    ``spec`` is Vega-Lite, ``patch`` changes to the Vega that it becomes, ``facets``
    what can be picked; a panel without points has no scene.
    """
    targets: dict[str, int] = {}
    points = [
        _datum(number, panel, place, point, targets)
        for number, facet in enumerate(facets)
        for place, panel in enumerate(facet.panels)
        for point in sorted(panel.points, key=_rank, reverse=True)
    ]
    if not points:
        return None
    told = [_facet(facet, number) for number, facet in enumerate(facets)]
    scenes = (panel["scene"] for facet in told for panel in facet["panels"])
    spec = _spec(next(filter(None, scenes)))
    spec["datasets"] = {"points": points}
    return {
        "spec": spec,
        "patch": _patch(),
        "facets": told,
        "targets": list(targets),
    }


@cache
def bundle() -> str:
    """Return the script that holds Vega, Vega-Lite and Vega-Embed, with no reference.

    It defines ``window.vegaEmbed``. The text can stand in an HTML element.
    """
    import vl_convert

    script = vl_convert.javascript_bundle(snippet="window.vegaEmbed = vegaEmbed;")
    return str(script).replace("</script", r"<\/script").replace("<!--", r"<\!--")


def _datum(
    number: int, panel: Panel, place: int, point: Point, targets: dict[str, int]
) -> dict[str, Any]:
    """Return one point: values as in its row, texts and colours as on the page."""
    x, y = point.position
    x_ends, y_ends = point.cost.interval, point.accuracy.interval
    ink, index = f"var(--{point.colour})", panel.points.index(point)
    return {
        "row": point.place,
        "facet": number,
        "panel": place,
        "target": targets.setdefault(point.target, len(targets)),
        "x": x,
        "x_low": x_ends and x_ends[0],
        "x_high": x_ends and x_ends[1],
        "x_band": point.cost.band,
        "y": y,
        "y_low": y_ends and y_ends[0],
        "y_high": y_ends and y_ends[1],
        "y_band": point.accuracy.band,
        "state": point.state,
        "rank": _rank(point),
        "front": next(
            (n for n, line in enumerate(panel.fronts) if index in line), None
        ),
        "ink": ink,
        "fill": "var(--paper)" if point.hollow else ink,
        "edge": ink if point.hollow else "var(--paper)",
        "shape": SHAPES.get(point.evidence, _UNKNOWN_SHAPE),
        "label": point.label,
        "name": point.name,
        "brief": point.brief,
        "facts": list(point.facts),
        "told": point.told,
    }


def _rank(point: Point) -> int:
    """Return the order of labelling; the first is also drawn above the others."""
    return _RANKS.index(point.state)


def _facet(facet: Facet, number: int) -> dict[str, Any]:
    return {
        "model": facet.model,
        "workload": facet.workload,
        "axis": facet.axis,
        "panels": [
            {
                "cost": panel.cost.name,
                "axis": panel.axis,
                "higher": panel.cost.higher_is_better,
                "scene": _scene(panel, number, place),
            }
            for place, panel in enumerate(facet.panels)
        ],
    }


def _scene(panel: Panel, number: int, place: int) -> dict[str, Any] | None:
    if panel.x is None or panel.y is None:
        return None
    return {
        "facet": number,
        "panel": place,
        "x": _axis(panel.x),
        "y": _axis(panel.y),
        "step": "step-before" if panel.cost.higher_is_better else "step-after",
    }


def _axis(scale: Scale) -> dict[str, Any]:
    return {
        "domain": [scale.low, scale.high],
        "ticks": list(scale.ticks),
        "labels": list(scale.labels),
    }


def _spec(scene: dict[str, Any]) -> dict[str, Any]:
    """Return the specification without its data."""
    chosen = alt.param(name="scene", value=scene)
    hidden = alt.param(name="hidden", value=[])
    hover = alt.selection_point(
        name="hover", fields=["row"], on="pointerover", clear="pointerout", empty=False
    )
    data = alt.Chart(alt.NamedData("points"))
    shown = data.transform_filter(_SHOWN)
    x, y = _position("x", type="log"), _position("y", type="linear", zero=False)
    points = (
        shown.mark_point(filled=True, strokeWidth=1.2, cursor="pointer")
        .encode(
            x=x,
            y=y,
            fill=alt.Fill("fill:N", scale=None),
            stroke=alt.Stroke("edge:N", scale=None),
            shape=alt.Shape("shape:N", scale=None),
            size=alt.condition(hover, alt.value(190), _by_state("150", "105")),
            opacity=alt.condition(hover, alt.value(1.0), _by_state("1", "0.95", "0.4")),
            description="told:N",
            tooltip="name:N",
        )
        .properties(name="cases")
        .add_params(hover)
    )
    bars = [_bars(shown, hover, name, x, y) for name in ("x", "y")]
    layers = alt.layer(_fronts(data, x, y), *bars, points).add_params(chosen, hidden)
    spec: dict[str, Any] = _styled(layers).to_dict()
    del spec["$schema"]  # the page names no address; the script says what it is
    return spec


def _fronts(data: Any, x: Any, y: Any) -> Any:
    """Return the layer with the lines of the fronts, whole whatever is hidden."""
    return (
        data.transform_filter(f"{_CHOSEN} && datum.state === '{State.FRONT}'")
        .mark_line(
            interpolate=alt.ExprRef("scene.step"),
            stroke="var(--muted)",
            strokeWidth=1.5,
            opacity=0.7,
            aria=False,
        )
        .encode(x=x, y=y, order=alt.Order("x:Q"), detail="front:N")
        .properties(name="fronts")
    )


def _position(field: str, **scale: Any) -> Any:
    """Return a channel whose limits and ticks the scene sets."""
    channel = alt.X if field == "x" else alt.Y
    scene = f"scene.{field}"
    domain = alt.ExprRef(f"{scene}.domain")
    return channel(
        f"{field}:Q",
        scale=alt.Scale(domain=domain, nice=False, clamp=True, **scale),
        axis=alt.Axis(
            values=alt.ExprRef(f"{scene}.ticks"),
            labelExpr=f"{scene}.labels[indexof({scene}.ticks, datum.value)]",
            title=None,
        ),
    )


def _by_state(front: str, others: str, dominated: str | None = None) -> Any:
    dominated = others if dominated is None else dominated
    return alt.value(
        alt.ExprRef(
            f"datum.state === '{State.FRONT}' ? {front} : "
            f"datum.state === '{State.DOMINATED}' ? {dominated} : {others}"
        )
    )


def _bars(shown: Any, hover: Any, field: str, x: Any, y: Any) -> Any:
    """Return the layer with the intervals along one axis."""
    to = {f"{field}2": f"{field}_high:Q"}
    start = {"x": x, "y": y}
    start[field] = start[field].copy()
    start[field].shorthand = f"{field}_low:Q"
    return (
        shown.transform_filter(f"isValid(datum.{field}_low)")
        .mark_rule(aria=False)
        .encode(
            **start,
            **to,
            stroke=alt.Stroke("ink:N", scale=None),
            strokeWidth=alt.condition(
                hover,
                alt.value(alt.ExprRef(f"datum.{field}_band ? 7 : 2.2")),
                alt.value(alt.ExprRef(f"datum.{field}_band ? 7 : 1.1")),
            ),
            opacity=alt.condition(
                hover,
                alt.value(alt.ExprRef(f"datum.{field}_band ? 0.5 : 1")),
                _by_state("0.5", "0.3", "0.15"),
            ),
        )
        .properties(name=f"intervals_{field}")
    )


def _styled(layers: Any) -> Any:
    return (
        layers.properties(
            width=700,
            height=420,
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
            background="transparent",
            padding=2,
        )
        .configure(font=_FONT)
        .configure_view(stroke=None)
        .configure_axis(
            domain=False,
            ticks=False,
            gridColor="var(--rule)",
            labelColor="var(--muted)",
            labelFontSize=12,
            labelPadding=8,
        )
    )


def _patch() -> list[dict[str, Any]]:
    """Return what Vega can and Vega-Lite cannot: labels that do not overlap.

    The front's come first, above its line; the others take the room that is left.
    """
    above = ("top-left", "top-right", "bottom-left", "bottom-right", "left", "right")
    below = ("bottom-right", "bottom-left", "top-right", "top-left", "right", "left")
    on_front = f"datum.datum.state === '{State.FRONT}'"
    marks = (
        _labels("front_labels", on_front, "var(--ink)", above, ()),
        _labels("labels", f"!({on_front})", "var(--muted)", below, ("front_labels",)),
    )
    return [{"op": "add", "path": "/marks/-", "value": mark} for mark in marks]


def _labels(
    name: str, which: str, ink: str, anchors: Sequence[str], avoid: Sequence[str]
) -> dict[str, Any]:
    """Return a Vega mark; each label's datum is the mark of its case."""
    return {
        "type": "text",
        "name": name,
        "from": {"data": "cases_marks"},
        "interactive": False,
        "aria": False,
        "encode": {
            "update": {
                "text": {"signal": f"{which} ? datum.datum.label : ''"},
                "font": {"value": _FONT},
                "fontSize": {"value": 12},
                "fill": {"value": ink},
            }
        },
        "transform": [
            {
                "type": "label",
                "size": {"signal": "[width, height]"},
                "sort": {"field": "datum.datum.rank"},
                "offset": [2],
                "anchor": list(anchors),
                "avoidMarks": list(avoid),
            }
        ],
    }
