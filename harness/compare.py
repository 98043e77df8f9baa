"""What changed between two runs, or between two cases of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .energy_pairing import EnergyComparison, energy_between
from .errors import NotComparable, NotFound
from .load import throughput
from .pairing import (
    BETWEEN_RUNS,
    Comparison,
    Verdict,
    compare_paired,
    compare_unpaired,
)
from .results import find_run
from .store import Store
from .summary import SliceValues, slice_values, spread
from .values import Result, Scenario, Workload

HISTORY_MIN = 5
"""Runs of a case from which its own deviation is taken."""

COLUMNS = ("case", "against", "ratio", "interval", "verdict", "how")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One comparison with the names of its two sides."""

    baseline: str
    candidate: str
    comparison: Comparison
    energy: EnergyComparison | None = None

    @property
    def plain(self) -> dict[str, Any]:
        """Return the line for JSON; a ratio above 1 is slower."""
        found = self.comparison
        interval = found.interval
        return {
            "baseline": self.baseline,
            "candidate": self.candidate,
            "ratio": found.ratio,
            "interval": None if interval is None else [interval.low, interval.high],
            "confidence": None if interval is None else interval.confidence,
            "verdict": str(found.verdict),
            "paired": found.paired,
            "n": found.n,
            "reason": found.reason,
            "energy": None if self.energy is None else self.energy.plain,
        }

    @property
    def cells(self) -> Sequence[str]:
        """Return the line as text for ``COLUMNS``."""
        found = self.comparison
        ratio = "-" if found.ratio is None else f"{found.ratio:.3f}"
        ends = "-"
        if found.interval is not None:
            ends = f"{found.interval.low:.3f} - {found.interval.high:.3f}"
        how = "paired" if found.paired else "unpaired"
        told = f"{how}: {found.reason}" if found.reason else how
        if self.energy is not None:
            told += f"; {self.energy.sentence}"
        return (
            self.candidate,
            "" if self.baseline == self.candidate else self.baseline,
            ratio,
            ends,
            str(found.verdict),
            told,
        )


def compare(store: Store, baseline: str, candidate: str) -> list[Line]:
    """Compare two runs case by case, or two single cases.

    Args:
        store: where both are kept.
        baseline: a run's id or its beginning; with ``:CASE`` one case's key or its
            beginning.
        candidate: the same.

    Raises:
        NotFound: no such run or case.
        NotComparable: the two have no case in common, or one names a case and the
            other does not.
    """
    before, one_before = _selected(store, baseline)
    after, one_after = _selected(store, candidate)
    if one_before != one_after:
        raise NotComparable("what is named", baseline, candidate)
    if one_before:
        (one,), (other,) = before.values(), after.values()
        return [compare_results(store, one, other)]
    shared = [label for label in after if label in before]
    if not shared:
        raise NotComparable("cases", sorted(before), sorted(after))
    return [compare_results(store, before[label], after[label]) for label in shared]


def _selected(store: Store, name: str) -> tuple[dict[str, Result], bool]:
    run_name, colon, case = name.partition(":")
    run = find_run(store, run_name)
    results = list(store.results(run.id))
    if not colon:
        return {result.case.label: result for result in results}, False
    found = [result for result in results if result.case.key.startswith(case)]
    if len(found) != 1:
        known = [result.case.key[:12] for result in found or results]
        raise NotFound("case", case, known)
    return {found[0].case.label: found[0]}, True


def compare_results(store: Store, before: Result, after: Result) -> Line:
    """Compare two results: in pairs where both were measured in the same rounds."""
    one = slice_values(before.case, before.blocks)
    other = slice_values(after.case, after.blocks)
    if before.id == after.id:
        comparison = Comparison(
            ratio=1.0 if one.blocks else None,
            interval=None,
            verdict=Verdict.SAME if one.blocks else Verdict.UNKNOWN,
            n=len(one.blocks),
            reason="the same result, reused",
        )
    elif reason := _other_load(before.case.workload, after.case.workload):
        comparison = Comparison(
            ratio=None,
            interval=None,
            verdict=Verdict.UNKNOWN,
            n=0,
            paired=False,
            reason=reason,
        )
    elif after.case.workload.scenario is Scenario.SERVER:
        comparison = _by_rate(before, after)
    elif _same_rounds(before, after) and (pairs := _paired(one, other)):
        comparison = compare_paired(*pairs)
    else:
        between = _between_runs(store, after)
        comparison = compare_unpaired(spread(one), spread(other), between)
    return Line(
        baseline=before.case.label,
        candidate=after.case.label,
        comparison=comparison,
        energy=energy_between(before, after),
    )


def _other_load(before: Workload, after: Workload) -> str | None:
    """Return how the loads of one scenario differ, None where latencies compare.

    A label does not tell them apart. A pipeline's latency is that of a frame alone,
    whatever cameras it is given.
    """
    if before.scenario is not after.scenario or after.scenario is Scenario.PIPELINE:
        return None
    one, other = before.load, after.load
    told = [
        f"{key} was {one.get(key)} and is {other.get(key)}"
        for key in sorted({*one, *other})
        if one.get(key) != other.get(key)
    ]
    return ", ".join(told) or None


def _by_rate(before: Result, after: Result) -> Comparison:
    """Compare the rates that two servers bear, not latencies at different rates."""
    rates = [
        throughput(result.case.workload, result.blocks).value
        for result in (before, after)
    ]
    one, other = rates
    return Comparison(
        ratio=one / other if one and other else None,
        interval=None,
        verdict=Verdict.UNKNOWN,
        n=0,
        paired=False,
        reason="a rate that was searched for has no interval",
    )


def _same_rounds(before: Result, after: Result) -> bool:
    """Return whether equal round numbers mean the same time: one run, one machine."""
    one, other = before.environment, after.environment
    if one is None or other is None:
        return False
    return before.run_id == after.run_id and one.device == other.device


def _paired(one: SliceValues, other: SliceValues) -> tuple[Any, Any] | None:
    """Return both sides' values of the rounds that they share, None without any."""
    mine: Mapping[int, float] = dict(zip(one.rounds, one.values_ns, strict=True))
    yours: Mapping[int, float] = dict(zip(other.rounds, other.values_ns, strict=True))
    shared = sorted(mine.keys() & yours.keys())
    if not shared:
        return None
    return (
        np.array([mine[index] for index in shared]),
        np.array([yours[index] for index in shared]),
    )


def _between_runs(store: Store, result: Result) -> float:
    """Return how much a case's median differs from run to run, from its history.

    The result itself is no part of it: a regression must not pass for noise.
    """
    history = store.reusable([result.case.key])[result.case.key]
    identity = result.environment and result.environment.identity_sha256
    medians = []
    for earlier in history:
        if earlier.result_id == result.id or earlier.identity_sha256 != identity:
            continue
        found = store.result(earlier.result_id)
        value = spread(slice_values(found.case, found.blocks)).value
        if value:
            medians.append(value)
    if len(medians) < HISTORY_MIN:
        return BETWEEN_RUNS
    return float(np.std(np.log(medians), ddof=1))
