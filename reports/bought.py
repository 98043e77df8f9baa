"""What each technique bought, and what became of common claims, as tables of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..harness.claims import Claim, Finding, Verdict
from ..harness.controls import Kind
from ..harness.gains import Gain, Outcome, Uncompared
from .digits import fixed, interval_decimals, plain
from .metrics import words

TITLES = {
    Claim.SIZE: "INT8 takes 25\u00a0% of FP32's size",
    Claim.SPEED: "INT8 is 2 to 4 times as fast",
    Claim.LOSS: "INT8 loses less than 1 point",
    Claim.TRAINING: (
        "Training with quantisation beats quantising afterwards by 0.5 to 2 points"
    ),
    Claim.PRUNING: "Pruning is faster by as much as it computes less",
}
"""What is claimed, as a heading."""

_TAGS = {
    Outcome.WON: "won",
    Outcome.LOST: "lost",
    Outcome.TRADED: "traded",
    Outcome.UNKNOWN: "open",
    Verdict.HELD: "won",
    Verdict.NOT_HELD: "lost",
    Verdict.UNKNOWN: "open",
}
_KINDS = {
    Kind.PARENT: "",
    Kind.POST_TRAINING: "without training",
    Kind.EQUAL_EPOCHS: "as much training",
}


_RATIO_DECIMALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Techniques:
    """What was compared of a store's variants, and what could not be."""

    gains: Sequence[Gain] = ()
    uncompared: Sequence[Uncompared] = ()
    claims: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A value with its interval and, beneath, what limits it; ``tag`` is a class."""

    text: str
    spread: str = ""
    detail: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """One line: a variant, what it is compared with, where, and each difference."""

    variant: str
    against: str
    place: str
    where: str
    size: Cell
    macs: Cell
    latency: Cell
    accuracy: Cell
    verdict: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class BoughtTable:
    """The lines of one model; ``has_macs`` where a step changed what is computed."""

    model: str
    unit: str
    has_macs: bool
    lines: tuple[Bought, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTable:
    """Claims as columns; each row is (model, target, the findings of each claim)."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[tuple[Cell, ...], ...]], ...]
    not_measured: tuple[str, ...]


def bought_tables(gains: Sequence[Gain]) -> list[BoughtTable]:
    """Return a table for each model of which a step was compared."""
    models: dict[str, list[Gain]] = {}
    for gain in gains:
        models.setdefault(gain.model, []).append(gain)
    return [
        BoughtTable(
            model=words(model),
            unit=_unit(own[0]),
            has_macs=any(gain.macs_ratio not in (None, 1.0) for gain in own),
            lines=tuple(_line(gain) for gain in own),
        )
        for model, own in models.items()
    ]


def uncompared_notes(uncompared: Iterable[Uncompared]) -> list[tuple[str, str]]:
    """Return (variant, why it was not compared and where), each once."""
    places: dict[tuple[str, str], list[str]] = {}
    for one in uncompared:
        key = (f"{words(one.model)} / {words(one.variant)}", words(one.reason))
        places.setdefault(key, []).append(words(one.place))
    return [
        (name, f"{reason} on {', '.join(dict.fromkeys(found))}")
        for (name, reason), found in places.items()
    ]


def claim_table(found: Sequence[Finding]) -> ClaimTable | None:
    """Return the claims that something was measured of; None without any."""
    if not found:
        return None
    shown = [claim for claim in Claim if any(one.claim is claim for one in found)]
    lines: dict[tuple[str, str], list[Finding]] = {}
    for one in found:
        place = words(one.place) + _evidence(one.evidence)
        lines.setdefault((words(one.model), place), []).append(one)
    return ClaimTable(
        heads=tuple(TITLES[claim] for claim in shown),
        rows=tuple(
            (
                model,
                place,
                tuple(
                    tuple(_finding(one) for one in own if one.claim is claim)
                    for claim in shown
                ),
            )
            for (model, place), own in lines.items()
        ),
        not_measured=tuple(TITLES[claim] for claim in Claim if claim not in shown),
    )


def _line(gain: Gain) -> Bought:
    batch = f"{words(gain.scenario).replace('_', ' ')}, batch\u00a0{gain.batch}"
    kind = _KINDS[gain.kind]
    return Bought(
        variant=words(gain.variant),
        against=words(gain.control) + (f" ({kind})" if kind else ""),
        place=words(gain.place),
        where=batch + _evidence(gain.evidence),
        size=_ratio(gain.size_ratio),
        macs=_ratio(gain.macs_ratio),
        latency=_latency(gain),
        accuracy=_accuracy(gain),
        verdict=_verdict(gain),
    )


def _evidence(evidence: str) -> str:
    return "" if evidence == "MEASURED" else f", {words(evidence).lower()}"


def _ratio(value: float | None) -> Cell:
    if value is None:
        return Cell(text="n/a", detail="not counted")
    return Cell(text=f"{plain(value)}\u00d7")


def _latency(gain: Gain) -> Cell:
    found = gain.latency
    if found.ratio is None or found.interval is None:
        return Cell(text="n/a", detail=words(found.reason or "not known"))
    low, high = found.interval.low, found.interval.high
    places = _ratio_decimals(found.ratio, low, high)
    return Cell(
        text=f"{fixed(found.ratio, places)}\u00d7",
        spread=f"[{fixed(low, places)}, {fixed(high, places)}]",
        detail="" if found.paired else "unpaired",
    )


def _ratio_decimals(value: float, low: float, high: float) -> int:
    return min(_RATIO_DECIMALS, interval_decimals(value, low, high))


def _accuracy(gain: Gain) -> Cell:
    found = gain.accuracy
    if found is None:
        return Cell(text="n/a", detail=words(gain.accuracy_reason or "not known"))
    factor = _points(gain.metric)
    ends = (found.interval.low, found.interval.high)
    value, low, high = (factor * number for number in (found.value, *ends))
    told = [f"n\u00a0=\u00a0{found.n}"]
    if found.seeds > 1:
        told.append(f"{found.seeds} seeds")
    if found.p_value is not None:
        told.append(f"p\u00a0{_p(found.p_value)}")
    places = interval_decimals(value, low, high)
    return Cell(
        text=_signed(value, places),
        spread=f"[{_signed(low, places)}, {_signed(high, places)}]",
        detail="\n".join(filter(None, (", ".join(told), gain.caveat))),
    )


def _p(value: float) -> str:
    return "<\u00a00.001" if value < 0.001 else f"=\u00a0{value:.3f}"


def _signed(value: float, places: int) -> str:
    """Return a difference with its sign, a true minus instead of a hyphen."""
    text = fixed(value, places)
    if text.startswith("-"):
        return f"\u2212{text[1:]}"
    return text if float(text.replace("\u202f", "")) == 0 else f"+{text}"


def _verdict(gain: Gain) -> Cell:
    told = [", ".join((*gain.better, *gain.worse))]
    named = " ".join((*gain.better, *gain.worse, *gain.open_questions))
    if gain.open_questions:
        told.append(f"{' and '.join(gain.open_questions)} cannot be told")
    if "accura" not in named:
        told.append("accuracy kept within 1 point")
    detail = "; ".join(filter(None, told))
    if gain.outcome is Outcome.UNKNOWN and not told[0]:
        detail = "no difference shown"
    return Cell(text=str(gain.outcome), detail=detail, tag=_TAGS[gain.outcome])


def _unit(gain: Gain) -> str:
    if _points(gain.metric) == 100:
        return "points"
    return words(gain.metric or "")


def _points(metric: str | None) -> float:
    """Return what a difference is multiplied by: shares are told in points."""
    return 100.0 if metric is None or metric.startswith("top") else 1.0


def _finding(one: Finding) -> Cell:
    text, spread = _measured(one)
    detail = [] if one.claim in _OF_INT8 else [words(one.variant)]
    if one.macs_saved is not None:
        detail.append(f"for {100 * one.macs_saved:.0f}\u00a0% fewer operations")
    if one.reason and one.verdict is Verdict.UNKNOWN:
        detail.append(words(one.reason))
    return Cell(
        text=str(one.verdict),
        spread=" ".join(filter(None, (text, spread))),
        detail="\n".join(detail),
        tag=_TAGS[one.verdict],
    )


_OF_INT8 = (Claim.SIZE, Claim.SPEED, Claim.LOSS)
_UNITS: Mapping[Claim, tuple[float, str]] = {
    Claim.SIZE: (100.0, "\u00a0%"),
    Claim.SPEED: (1.0, "\u00d7"),
    Claim.LOSS: (100.0, "\u00a0points"),
    Claim.TRAINING: (100.0, "\u00a0points"),
    Claim.PRUNING: (1.0, "\u00d7"),
}


def _measured(one: Finding) -> tuple[str, str]:
    """Return what was measured, with its unit, and its interval."""
    if one.value is None:
        return "", ""
    factor, unit = _UNITS[one.claim]
    value = factor * one.value
    if one.low is None or one.high is None:
        return plain(value) + unit, ""
    low, high = factor * one.low, factor * one.high
    if factor == 1:
        places = _ratio_decimals(value, low, high)
        return fixed(
            value, places
        ) + unit, f"[{fixed(low, places)}, {fixed(high, places)}]"
    places = interval_decimals(value, low, high)
    ends = f"[{_signed(low, places)}, {_signed(high, places)}]"
    return _signed(value, places) + unit, ends
