"""A picture of a search: the trade-offs tried, and the hypervolume over trials."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIZE_INCHES = (10, 4)
_SETTINGS: dict[Any, Any] = {"svg.hashsalt": "tierbench", "svg.fonttype": "none"}
_TRIED, _FRONT = "#9aa5b1", "#0b6e4f"


def draw(found: Mapping[str, Any]) -> str:
    """Return an SVG of what ``told`` returns."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        left, right = figure.subplots(1, 2)
        _trade_offs(left, found)
        _volume(right, found)
        title = f"{found['model']} on {found['target']}, seed {found['seed']}"
        figure.suptitle(title)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _trade_offs(axes: Axes, found: Mapping[str, Any]) -> None:
    tried = [one for one in found["trials"] if one["latency_ratio"] is not None]
    members = {one["number"] for one in found["front"]}
    for is_front, colour in ((False, _TRIED), (True, _FRONT)):
        shown = [one for one in tried if (one["number"] in members) is is_front]
        axes.scatter(
            [one["latency_ratio"] for one in shown],
            [100 * one["validation"]["value"] for one in shown],
            color=colour,
            label="front" if is_front else "other trials",
        )
    axes.axvline(1.0, color=_TRIED, linewidth=0.8, linestyle="--")
    axes.set_xlabel("latency, as a ratio to the reference network")
    axes.set_ylabel("validation accuracy after short training, %")
    axes.legend()


def _volume(axes: Axes, found: Mapping[str, Any]) -> None:
    volumes = [one["hypervolume"] for one in found["trials"]]
    axes.step(range(1, len(volumes) + 1), volumes, where="post", color=_FRONT)
    axes.set_xlabel("trials")
    axes.set_ylabel("hypervolume")
