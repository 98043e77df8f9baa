"""A network's latency on the target, by the slices that a sweep measures with.

The network and the reference model's shipped file are measured in the same rounds,
and the ratio is paired: what the machine does in one round hits both alike, so that
ratios of trials that lie hours apart can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...harness.cache import cache_folder
from ...harness.compare import compare_results
from ...harness.errors import InfrastructureError
from ...harness.formats import inspect_model
from ...harness.hashing import file_sha256
from ...harness.model import BuiltVariant
from ...harness.plan import Plan, Planned
from ...harness.progress import Silence
from ...harness.run import MEASURED, run_plan
from ...harness.sources import DataSource
from ...harness.statistics import Interval
from ...harness.store import Store
from ...harness.summary import slice_values, spread
from ...harness.target import Target
from ...harness.values import Case, Result, Run, Scenario, Variant, Workload

REFERENCE = "fp32"
"""The variant that ships, which every network is measured beside."""

_PROFILE = "smoke"


class LeftEarly(Exception):
    """Somebody asked to leave while a case was measured; nothing is lost."""


class Refused(Exception):
    """The target did not run this network; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """A network's latency over the reference's, paired over the rounds they share.

    The two medians are each one's own over all its slices.
    """

    ratio: float
    interval: Interval | None
    rounds: int
    median_ns: float | None
    reference_ns: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopwatch:
    """Measure networks beside the reference model's shipped file.

    ``search`` are JSON values that tell this search from any other: a measurement that
    was interrupted is taken up where they and the network are the same.
    """

    model: str
    reference: BuiltVariant
    target: Target
    store: Store
    seed: int
    search: Mapping[str, Any]
    stopping: Callable[[], bool] = lambda: False

    def __call__(self, name: str, path: Path) -> Latency:
        """Measure one network, by its name.

        Raises:
            Refused: the target refused it.
            LeftEarly: somebody asked to leave.
            InfrastructureError: the reference itself could not be measured.
        """
        plan = self._plan({name: path}, None)
        return self.ratio(self._measured(plan), name)

    def ratio(self, results: Mapping[str, Result], name: str) -> Latency:
        """Return how one of the results compares with the reference's.

        Raises:
            Refused: the target refused it, or it cannot be compared.
        """
        result = results[name]
        if result.status not in MEASURED:
            raise Refused(result.reason or str(result.status))
        reference = results[REFERENCE]
        found = compare_results(self.store, reference, result).comparison
        if found.ratio is None or not found.paired:
            raise Refused(found.reason or "no round was shared with the reference")
        return Latency(
            ratio=found.ratio,
            interval=found.interval,
            rounds=found.n,
            median_ns=_median_ns(result),
            reference_ns=_median_ns(reference),
        )

    def together(
        self, networks: Mapping[str, Path], data: DataSource | None
    ) -> dict[str, Result]:
        """Return the results of networks and the reference, measured in one go.

        What was once measured together is not measured again.

        Args:
            networks: files by name.
            data: what they are judged on, on the target; None for no judgement.

        Raises:
            LeftEarly: somebody asked to leave.
            InfrastructureError: the reference itself could not be measured.
        """
        plan = self._plan(networks, data)
        for run in self.store.runs():
            if run.sweep_sha256 == plan.sha256 and run.finished_at_ns is not None:
                return self._results(run)
        return self._measured(plan)

    def _measured(self, plan: Plan) -> dict[str, Result]:
        outcome = run_plan(
            plan,
            self.store,
            Silence(),
            fresh=True,
            trigger="search",
            stopping=self.stopping,
        )
        if outcome.interrupted:
            raise LeftEarly
        return self._results(outcome.run)

    def _results(self, run: Run) -> dict[str, Result]:
        results = self.store.results(run.id)
        found = {result.case.variant.name: result for result in results}
        reference = found[REFERENCE]
        if reference.status not in MEASURED:
            raise InfrastructureError(
                f"the reference model {self.model!r} cannot be measured on target "
                f"{self.target.name!r}: {reference.reason}; try it with a sweep"
            )
        return found

    def _plan(self, networks: Mapping[str, Path], data: DataSource | None) -> Plan:
        reference = self._case(REFERENCE, self.reference.path, data)
        others = [self._case(name, path, data) for name, path in networks.items()]
        cases = [Planned(case=reference, target=self.target, data=data)]
        cases += [
            Planned(case=case, target=self.target, data=data, beside=reference.key)
            for case in others
        ]
        return Plan(
            name=f"search {self.model}",
            seed=self.seed,
            asked={
                "search": dict(self.search),
                "cases": [planned.case.key for planned in cases],
            },
            cases=tuple(cases),
            skipped=(),
        )

    def _case(self, name: str, path: Path, data: DataSource | None) -> Case:
        return Case(
            variant=variant(self.model, name, path),
            target=self.target.name,
            options=dict(self.target.settings),
            workload=Workload(
                scenario=Scenario.SINGLE_STREAM,
                batch=1,
                profile=_PROFILE,
                seed=self.seed,
            ),
            data_sha256=None if data is None else data.sha256,
            tier=self.target.tier,
        )


def _median_ns(result: Result) -> float | None:
    """Return the median over a result's slices; there are some if it was compared."""
    return spread(slice_values(result.case, result.blocks)).value


def variant(model: str, name: str, path: Path) -> Variant:
    """Return a file as a variant of a model; its weights are fp32."""
    profile = inspect_model(path, cache_folder("profiles"))
    return Variant(
        model=model,
        name=name,
        format=profile.format,
        size_bytes=path.stat().st_size,
        sha256=file_sha256(path),
        profile=profile,
        weight_bits=profile.weight_bits,
        activation_bits=profile.activation_bits,
        path=path,
    )
