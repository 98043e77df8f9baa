"""What each technique bought: every step of a variant against what lacks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from .accuracy import LOWER_IS_BETTER
from .chain import Step
from .controls import Control, Kind, controls, family, is_trained
from .differences import (
    SEEDS_MIN,
    Difference,
    difference_over_seeds,
    paired_difference,
    unpaired_difference,
)
from .outcomes import unpack_outcomes
from .pairing import FLOOR, Comparison
from .sides import Side, latency_ratio
from .values import Accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOSS_MAX = 0.01
"""The loss of accuracy, as a share, up to which it counts as kept: one point."""

Family = Mapping[str, Side]
"""The files of one variant under one workload, by seed."""


class Outcome(StrEnum):
    """What a step bought, all told."""

    WON = "won"
    LOST = "lost"
    TRADED = "traded"
    UNKNOWN = "cannot be told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """One step of a variant against one control, on one target.

    Ratios are variant over control. ``accuracy`` is variant minus control in the unit
    of ``metric``. ``better`` and ``worse`` are what was shown; ``open_questions`` is
    what was not. ``caveat`` limits what the interval of the accuracy says.
    """

    model: str
    place: str
    format: str
    evidence: str
    scenario: str
    batch: int
    variant: str
    control: str
    kind: Kind
    is_alike: bool
    seeds: int
    size_ratio: float | None
    macs_ratio: float | None
    latency: Comparison
    metric: str | None
    accuracy: Difference | None
    accuracy_reason: str | None
    caveat: str | None
    outcome: Outcome
    better: tuple[str, ...]
    worse: tuple[str, ...]
    open_questions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncompared:
    """A variant whose control was not measured on the same target."""

    model: str
    place: str
    variant: str
    control: str
    reason: str


def gains(sides: Iterable[Side]) -> tuple[list[Gain], list[Uncompared]]:
    """Return what each step bought wherever its control was measured, and where not.

    Variants are compared on one target, by one kind of evidence, under the simplest
    workload that both were measured under, on the same evaluation data.

    Args:
        sides: in the order in which they were measured.
    """
    found: list[Gain] = []
    missing: list[Uncompared] = []
    for group in _groups(sides):
        by_name = _families(group)
        for name, works in sorted(by_name.items(), key=_rank):
            steps = _any(works).steps
            for control in controls(steps):
                others = by_name.get(control.name, {})
                work = min(works.keys() & others.keys(), default=None)
                if work is None:
                    reason = (
                        "measured under other workloads" if others else "not measured"
                    )
                    missing.append(_uncompared(_any(works), name, control, reason))
                    continue
                found.append(_gain(name, control, works[work], others[work]))
    return found, missing


_Work = tuple[int, int, int, str]


def _rank(named: tuple[str, Mapping[_Work, Family]]) -> tuple[int, bool, str]:
    """Return what puts short chains first, and of those the ones without training."""
    steps = _any(named[1]).steps
    return len(steps), is_trained(steps), named[0]


def _groups(sides: Iterable[Side]) -> list[list[Side]]:
    """Return sides by model, target, format, evidence and device, models in order."""
    groups: dict[tuple[str, ...], list[Side]] = {}
    for side in sides:
        groups.setdefault(side.group, []).append(side)
    return list(groups.values())


def _families(sides: Sequence[Side]) -> dict[str, dict[_Work, dict[str, Side]]]:
    """Return the files by variant less seeds, then by workload, then by seed.

    A file that two seeds gave counts once: it is no second training. Of two files of
    one name and seed the one that was measured last counts.
    """
    found: dict[str, dict[_Work, dict[str, Side]]] = {}
    for side in sides:
        works = found.setdefault(family(side.steps), {})
        files = works.setdefault(side.workload_rank, {})
        sha256 = side.case.variant.sha256
        others = (file for seed, file in files.items() if seed != side.seed)
        if sha256 not in {file.case.variant.sha256 for file in others}:
            files[side.seed] = side
    return found


def _any(works: Mapping[_Work, Family]) -> Side:
    return next(iter(next(iter(works.values())).values()))


def _uncompared(side: Side, name: str, control: Control, why: str) -> Uncompared:
    return Uncompared(
        model=side.case.variant.model,
        place=side.case.place,
        variant=name,
        control=control.name,
        reason=f"its control {control.name} was {why}",
    )


def _gain(name: str, control: Control, variant: Family, other: Family) -> Gain:
    mine, theirs = _matched(variant, other)
    first = mine[0]
    latency = latency_ratio(mine, theirs)
    size = _ratio(
        [side.case.variant.size_bytes for side in mine],
        [side.case.variant.size_bytes for side in theirs],
    )
    macs = _ratio(
        [side.case.variant.profile.macs_total for side in mine],
        [side.case.variant.profile.macs_total for side in theirs],
    )
    accuracy, reason = _accuracy(mine, theirs)
    metric = first.accuracy.metric if first.accuracy else None
    better, worse, unsure = _shown(control, size, latency, accuracy, metric)
    return Gain(
        model=first.case.variant.model,
        place=first.case.place,
        format=first.case.variant.format,
        evidence=first.evidence,
        scenario=str(first.case.workload.scenario),
        batch=first.case.workload.batch,
        variant=name,
        control=control.name,
        kind=control.kind,
        is_alike=control.is_alike,
        seeds=len(mine),
        size_ratio=size,
        macs_ratio=macs,
        latency=latency,
        metric=metric,
        accuracy=accuracy,
        accuracy_reason=reason,
        caveat=_caveat(first.steps, mine, theirs, accuracy),
        outcome=_outcome(better, worse, unsure),
        better=tuple(better),
        worse=tuple(worse),
        open_questions=tuple(unsure),
    )


def _matched(variant: Family, other: Family) -> tuple[list[Side], list[Side]]:
    """Return the files to compare: seed by seed, or all with the control's only one."""
    shared = sorted(variant.keys() & other.keys())
    if len(shared) == len(variant) or (len(shared) >= SEEDS_MIN and len(other) > 1):
        return [variant[seed] for seed in shared], [other[seed] for seed in shared]
    if len(other) == 1 or not shared:
        only = next(iter(other.values()))
        return [variant[seed] for seed in sorted(variant)], [only]
    return [variant[seed] for seed in shared], [other[seed] for seed in shared]


def _ratio(mine: Sequence[int | None], theirs: Sequence[int | None]) -> float | None:
    """Return the ratio of the means, None where one is not known or is zero."""
    one = [value for value in mine if value is not None]
    other = [value for value in theirs if value]
    if len(one) < len(mine) or len(other) < len(theirs):
        return None
    return fmean(one) / fmean(other)


def _accuracy(
    mine: Sequence[Side], theirs: Sequence[Side]
) -> tuple[Difference | None, str | None]:
    """Return the difference in accuracy, or why it cannot be told."""
    sides = (*mine, *theirs)
    for side in sides:
        if side.accuracy is None:
            why = side.accuracy_reason or "it was not evaluated"
            return None, f"{side.case.variant.name} has no accuracy: {why}"
    data = {side.case.data_sha256 for side in sides}
    if len(data) > 1 or None in data:
        return None, "they were judged on other data"
    one = [side.accuracy for side in mine if side.accuracy]
    other = [side.accuracy for side in theirs if side.accuracy]
    if len({found.metric for found in (*one, *other)}) > 1:
        return None, "they were judged by other metrics"
    if not all(found.outcomes for found in (*one, *other)):
        return _unpaired(one[0], other[0]), None
    variant, control = _outcomes(one), _outcomes(other)
    if variant.shape[1] != control.shape[1]:
        return None, "they were judged on other numbers of samples"
    if len(variant) >= SEEDS_MIN:
        return difference_over_seeds(variant, control), None
    return paired_difference(variant[0], control[0]), None


def _outcomes(found: Sequence[Accuracy]) -> NDArray[np.float64]:
    return np.array([unpack_outcomes(one.outcomes) for one in found if one.outcomes])


def _unpaired(one: Accuracy, other: Accuracy) -> Difference:
    return unpaired_difference(
        (one.value, one.low, one.high), (other.value, other.low, other.high), one.n
    )


def _caveat(
    steps: tuple[Step, ...],
    mine: Sequence[Side],
    theirs: Sequence[Side],
    accuracy: Difference | None,
) -> str | None:
    """Return what the accuracy's interval does not hold."""
    if accuracy is None:
        return None
    if not accuracy.paired:
        return "unpaired: the outcomes of single samples are not known"
    if accuracy.seeds < SEEDS_MIN and is_trained(steps[-1:]):
        count = f"{len(mine)} seed{'' if len(mine) == 1 else 's'}"
        return f"{count}: of these files, not of the technique"
    if accuracy.seeds > len(theirs) and is_trained(theirs[0].steps):
        return "the control was trained with one seed only"
    return None


def _shown(
    control: Control,
    size: float | None,
    latency: Comparison,
    accuracy: Difference | None,
    metric: str | None,
) -> tuple[list[str], list[str], list[str]]:
    """Return what was shown to be better, to be worse, and what cannot be told."""
    better, worse, unsure = list[str](), list[str](), list[str]()
    if not control.is_alike:
        if size is not None and abs(size - 1) > FLOOR:
            (better if size < 1 else worse).append("smaller" if size < 1 else "larger")
        if latency.interval is None or latency.ratio is None:
            unsure.append("latency")
        elif latency.interval.high < 1 and latency.ratio < 1 / (1 + FLOOR):
            better.append("faster")
        elif latency.interval.low > 1 and latency.ratio > 1 + FLOOR:
            worse.append("slower")
    ends = None if accuracy is None else gain_ends(accuracy, metric)
    # What an error may rise by depends on its unit: nothing counts as kept.
    margin = 0.0 if metric in LOWER_IS_BETTER else LOSS_MAX
    if ends is not None and ends[0] > 0:
        better.append("more accurate")
    elif ends is not None and ends[1] < 0:
        worse.append("less accurate")
    elif ends is None or control.is_alike or not ends[0] > -margin:
        unsure.append("accuracy")
    return better, worse, unsure


def gain_ends(accuracy: Difference, metric: str | None) -> tuple[float, float]:
    """Return the ends of the difference, above zero where the variant is better."""
    low, high = accuracy.interval.low, accuracy.interval.high
    return (-high, -low) if metric in LOWER_IS_BETTER else (low, high)


def _outcome(
    better: Sequence[str], worse: Sequence[str], unsure: Sequence[str]
) -> Outcome:
    if better and worse:
        return Outcome.TRADED
    if worse:
        return Outcome.LOST
    if better and "accuracy" not in unsure:
        return Outcome.WON
    return Outcome.UNKNOWN
