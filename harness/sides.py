"""What comparing needs of a result, once its samples are put away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .chain import Step
from .controls import read_steps, seed_of
from .pairing import (
    BETWEEN_RUNS,
    Comparison,
    Verdict,
    compare_paired,
    compare_unpaired,
)
from .statistics import Estimate
from .summary import SliceValues, Summary, slice_values
from .values import Accuracy, Case, Result, Scenario, Status, canonical_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONFIDENCE = 0.95
_PROFILES = ("procurement", "nightly", "smoke")
_RATED = (Scenario.SERVER, Scenario.PIPELINE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """One measured variant: its accuracy, and one latency a round in ns."""

    case: Case
    steps: tuple[Step, ...]
    evidence: str
    run_id: str
    device: str
    accuracy: Accuracy | None
    accuracy_reason: str | None
    rounds: NDArray[np.int64]
    values_ns: NDArray[np.float64]
    median_ns: Estimate

    @property
    def group(self) -> tuple[str, str, str, str, str]:
        """Return what variants must share to be compared."""
        variant = self.case.variant
        place = self.case.place
        return variant.model, place, variant.format, self.evidence, self.device

    @property
    def seed(self) -> str:
        """Return the seed that its name gives, else that of its last training."""
        trained = (
            step.get("settings")
            for step in reversed(self.case.variant.lineage)
            if step.get("step") == "technique"
        )
        settings = next(trained, None)
        known = settings.get("seed", "") if isinstance(settings, Mapping) else ""
        return seed_of(self.steps) or str(known)

    @property
    def workload_rank(self) -> tuple[int, int, int, str]:
        """Return what tells workloads apart, the simplest and most careful first."""
        work = self.case.workload
        known = work.profile in _PROFILES
        profile = _PROFILES.index(work.profile) if known else len(_PROFILES)
        scenario = list(Scenario).index(work.scenario)
        return scenario, work.batch, profile, canonical_json(work.content)


def side_of(result: Result, summary: Summary) -> Side | None:
    """Return what a comparison needs; None for what was not measured or is no chain."""
    steps = read_steps(result.case.variant.name)
    measured = result.status in (Status.OK, Status.NOT_CONVERGED)
    if steps is None or not measured or result.environment is None:
        return None
    values: SliceValues = slice_values(result.case, result.blocks)
    return Side(
        case=result.case,
        steps=steps,
        evidence=str(result.evidence),
        run_id=result.run_id,
        device=result.environment.device,
        accuracy=result.accuracy,
        accuracy_reason=result.accuracy_reason,
        rounds=values.rounds,
        values_ns=values.values_ns,
        median_ns=summary.median_ns,
    )


def latency_ratio(variant: Sequence[Side], control: Sequence[Side]) -> Comparison:
    """Compare the latencies of two variants, each of one file a seed.

    Files of one variant are alike but for their weights, so the geometric mean of
    their latencies in a round stands for them.
    """
    first = variant[0]
    if first.case.workload.scenario in _RATED:
        return _untold("their latencies are at rates of their own")
    if len({side.run_id for side in (*variant, *control)}) == 1:
        shared = _shared_rounds((*variant, *control))
        found = compare_paired(
            _means(control, shared), _means(variant, shared), confidence=CONFIDENCE
        )
        if found.ratio is not None:
            return found
    return compare_unpaired(
        control[0].median_ns, first.median_ns, BETWEEN_RUNS, confidence=CONFIDENCE
    )


def _shared_rounds(sides: Sequence[Side]) -> NDArray[np.int64]:
    shared = sides[0].rounds
    for side in sides[1:]:
        shared = np.intersect1d(shared, side.rounds)
    return np.asarray(shared)


def _means(sides: Sequence[Side], rounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the geometric mean over sides in each of these rounds."""
    logs = []
    for side in sides:
        places = {int(number): at for at, number in enumerate(side.rounds)}
        logs.append(np.log([side.values_ns[places[int(r)]] for r in rounds]))
    return np.asarray(np.exp(np.mean(logs, axis=0)))


def _untold(reason: str) -> Comparison:
    return Comparison(
        ratio=None,
        interval=None,
        verdict=Verdict.UNKNOWN,
        n=0,
        paired=False,
        reason=reason,
    )
