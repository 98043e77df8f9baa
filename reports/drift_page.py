"""The page of a drift study: what shifts cost, and what notices them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .digits import byte_size
from .drift_study import Point, Ratio, ShareEstimate, Study, Variant
from .metrics import words
from .page import page_assets

Line = Sequence[tuple[int, ShareEstimate]]

STREAMING = "streaming"
_COLOURS = ("c0", "c1", "c2", "c3", "c4", "c5")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _MARGIN = 340.0, 170.0, 38.0, 22.0, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A shift: its two drawings, and a sentence for each variant."""

    name: str
    summary: str
    accuracy: Markup
    power: Markup
    findings: tuple[tuple[str, str], ...]


def render_drift(study: Study) -> str:
    """Return one page that stands alone.

    A pure function: texts in the study are shown, never interpreted.
    """
    template, assets = page_assets("drift.html", "drift.css")
    rate = min(f.rate for variant in study.variants for f in variant.false_alarms)
    return template.render(
        **assets,
        study=study,
        rate=_percent(rate),
        colours=[(_name(v), _colour(n)) for n, v in enumerate(study.variants)],
        panels=[_panel(study, shift, rate) for shift in range(len(study.shifts))],
        alarms=_alarm_rows(study),
        costs=_cost_rows(study),
        name=_name,
        percent=_percent,
    )


def _panel(study: Study, number: int, rate: float) -> Panel:
    shift = study.shifts[number]
    lines = [_points(variant, shift.name) for variant in study.variants]
    accuracies = [[(p.severity, p.accuracy) for p in points] for points in lines]
    powers = [
        [
            (p.severity, power)
            for p in points
            for power in p.power
            if power.detector == STREAMING and power.rate == rate
        ]
        for points in lines
    ]
    return Panel(
        name=words(shift.name),
        summary=words(shift.summary),
        accuracy=_drawing(
            f"Accuracy under {shift.name}", study, accuracies, _floor(accuracies)
        ),
        power=_drawing(f"Windows of {shift.name} that give alarm", study, powers, 0.0),
        findings=tuple(
            (_name(variant), _finding(variant, shift.name, rate))
            for variant in study.variants
        ),
    )


def _points(variant: Variant, shift: str) -> list[Point]:
    found = [p for p in variant.points if p.shift in (None, shift)]
    return sorted(found, key=lambda point: point.severity)


def _finding(variant: Variant, shift: str, rate: float) -> str:
    found = next((n for n in variant.noticed if n.shift == shift), None)
    if found is None:
        return "not looked at"
    if found.severity is None:
        return words(found.severity_reason or "no severity costs two points")
    told = ", ".join(
        f"{100 * p.value:.0f} %"
        for p in found.power
        if p.detector == STREAMING and p.rate == rate
    )
    return f"2 points are lost at severity {found.severity}; {told} of windows notice"


def _floor(lines: Sequence[Line]) -> float:
    """Return where an axis begins that shows small losses: a whole tenth."""
    least = min(share.low for line in lines for _, share in line)
    return max(0.0, math.floor(10.0 * least) / 10.0)


def _drawing(label: str, study: Study, lines: Sequence[Line], floor: float) -> Markup:
    """Return lines with intervals over severity, from a floor to 100 %."""
    last = max([severity for line in lines for severity, _ in line] or [1]) or 1

    def x(severity: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _MARGIN) * severity / last

    def y(share: float) -> float:
        above = (share - floor) / (1.0 - floor)
        return _MARGIN + (_HEIGHT - _BOTTOM - _MARGIN) * (1.0 - above)

    parts = [_grid(x, y, last, floor)]
    for number, line in enumerate(lines):
        # beside one another, or equal ones hide each other
        aside = 3.0 * (number - (len(lines) - 1) / 2)
        told = _name(study.variants[number])
        parts.append(_line(told, _colour(number), line, x, y, aside))
    return Markup(
        '<svg class="chart drift" viewBox="0 0 {} {}" role="img" aria-label="{}">{}'
        "</svg>"
    ).format(_WIDTH, _HEIGHT, words(label), Markup("").join(parts))


def _grid(
    x: Callable[[int], float], y: Callable[[float], float], last: int, floor: float
) -> Markup:
    levels = Markup("").join(
        Markup(
            '<line class="grid" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>'
            '<text class="tick end" x="{}" y="{:.1f}">{}</text>'
        ).format(
            *(_LEFT, _WIDTH - _MARGIN, _LEFT - 6, y(share) + 4, f"{100 * share:.3g}%"),
            y=y(share),
        )
        for share in (floor + quarter * (1.0 - floor) / 4.0 for quarter in range(5))
    )
    severities = Markup("").join(
        Markup('<text class="tick" x="{:.1f}" y="{}">{}</text>').format(
            x(severity), _HEIGHT - 5, severity
        )
        for severity in range(0, last + 1, max(1, last // 10))
    )
    return levels + severities


def _line(
    name: str,
    colour: str,
    line: Line,
    x: Callable[[int], float],
    y: Callable[[float], float],
    aside: float,
) -> Markup:
    places = [(x(s) + aside, e) for s, e in line]
    path = " ".join(f"{at:.1f},{y(e.value):.1f}" for at, e in places)
    marks = Markup("").join(
        Markup(
            '<line x1="{at:.1f}" x2="{at:.1f}" y1="{:.1f}" y2="{:.1f}"/>'
            '<circle cx="{at:.1f}" cy="{:.1f}" r="3"><title>{}</title></circle>'
        ).format(
            y(e.low),
            y(e.high),
            y(e.value),
            f"{name}: {_with_ends(e)}",
            at=at,
        )
        for at, e in places
    )
    return Markup('<g class="{}"><polyline points="{}"/>{}</g>').format(
        colour, path, marks
    )


def _alarm_rows(study: Study) -> list[tuple[str, str, str, str, str]]:
    return [
        (
            _name(variant),
            words(f.detector),
            _percent(f.rate),
            f"{f.alarms} of {f.windows}",
            f"{f.expected_low} to {f.expected_high}",
        )
        for variant in study.variants
        for f in variant.false_alarms
    ]


def _cost_rows(study: Study) -> list[tuple[str, ...]]:
    return [
        (
            _name(variant),
            byte_size(variant.state_bytes),
            _ratio(variant.cost.observe_ratio),
            _ratio(variant.cost.output_ratio),
            _ratio(variant.cost.exact_ratio),
            byte_size(variant.cost.observe_peak_bytes),
            byte_size(variant.cost.exact_peak_bytes),
            ", ".join(
                f"{_percent(a.value)} at {_percent(a.rate)}" for a in variant.agreement
            ),
            f"{words(variant.layer)}; {variant.embedding_size} numbers",
        )
        for variant in study.variants
    ]


def _ratio(ratio: Ratio) -> str:
    if ratio.value is None:
        return "n/a"
    ends = "" if ratio.low is None else f" [{ratio.low:.3g}, {ratio.high:.3g}]"
    return f"{ratio.value:.3g}{ends}"


def _with_ends(share: ShareEstimate) -> str:
    return f"{100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _name(variant: Variant) -> str:
    return f"{words(variant.variant)} {words(variant.format)}"


def _colour(number: int) -> str:
    return _COLOURS[number] if number < len(_COLOURS) else "other"
