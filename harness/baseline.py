"""The baseline of a gate: what was measured before, measured again beside today's.

Only what is measured in the same rounds can be compared in pairs. So the baseline's
artifact, which is kept by its hash, runs again beside the candidate; where the runtime
or the device has changed since, that would show nothing, and the recorded numbers are
compared with what is known of how runs differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from .artifacts import Artifacts
from .cache import cache_folder
from .compare import compare_results
from .errors import StoreError
from .model import Data
from .pairing import Comparison, Verdict
from .plan import Planned
from .results import find_run
from .run import MEASURED
from .sources import DataSource
from .store import Store
from .summary import slice_values, spread
from .values import Case, Environment, Result, Run

LAST = "last"
"""Names, for each case, the newest run with it that ended well."""

RUNS_MAX = 50
"""Runs that are searched for the last one with a case."""

FINISHED = "finished"
REGRESSED = "regressed"
"""How a run ended in which a case became slower: it is no baseline for the next."""


class Role(StrEnum):
    """How a candidate's baseline takes part."""

    NONE = "none"
    UNCHANGED = "unchanged"
    BESIDE = "beside"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A candidate's baseline: the recorded result, and the case that runs it again.

    ``reason`` says why it is not measured again.
    """

    role: Role
    result: Result | None = None
    again: Planned | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a case became slower than its baseline allows.

    ``message`` tells a person what was compared with what, and what came of it.
    """

    failed: bool
    message: str
    verdict: Verdict | None = None
    comparison: Comparison | None = None


def find_baseline(store: Store, name: str) -> tuple[Run, ...]:
    """Return the runs in which a case's baseline is looked for, the newest first.

    Args:
        store: where they are kept.
        name: a run's id or its beginning; ``last`` for all that ended well.

    Raises:
        NotFound: there is no run of that id.
    """
    if name != LAST:
        return (find_run(store, name),)
    ended = (run for run in store.runs() if run.status == FINISHED)
    return tuple(islice(ended, RUNS_MAX))


class Baseline:
    """The results of earlier runs by case label."""

    def __init__(self, store: Store, runs: Sequence[Run]) -> None:
        """Take the runs to look in, the newest first."""
        self._store = store
        self._runs = runs
        self._cases: dict[str, dict[str, list[Result]]] = {}

    def before(self, planned: Planned) -> Before:
        """Return what a case is compared with."""
        case = planned.case
        found = self._result(case)
        if found is None:
            return Before(role=Role.NONE, reason=self._absent(case))
        changed = _changed(
            found.environment, planned.target.describe()
        ) or _differences(found.case.options, case.options)
        if changed:
            return Before(role=Role.RECORDED, result=found, reason=changed)
        if found.case.variant.sha256 == case.variant.sha256:
            return Before(role=Role.UNCHANGED, result=found)
        return self._beside(planned, found)

    def _beside(self, planned: Planned, found: Result) -> Before:
        """Return the baseline's artifact as a case to be measured beside another."""
        old = found.case.variant
        if old.profile.external_files:
            reason = "its weights lie in files of their own, which are not kept"
            return Before(role=Role.RECORDED, result=found, reason=reason)
        path = self._store.path
        folder = path.parent if path else cache_folder("stores")
        try:
            artifact = Artifacts(folder / "artifacts").path(old.sha256)
        except StoreError as exc:
            reason = f"its artifact cannot be measured again: {exc}"
            return Before(role=Role.RECORDED, result=found, reason=reason)
        variant = replace(old, name=f"{old.name} (baseline)", path=artifact)
        case = replace(planned.case, variant=variant)
        # The same inputs: how long some models take depends on them.
        data = planned.data and _unlabelled(planned.data)
        again = replace(planned, case=case, data=data, beside=planned.case.key)
        return Before(role=Role.BESIDE, result=found, again=again)

    def _result(self, case: Case) -> Result | None:
        """Return the newest result of a case's label, of its workload if any is."""
        for run in self._runs:
            found = self._of_run(run).get(case.label, [])
            same = [result for result in found if result.case.workload == case.workload]
            if found:
                return self._store.result((same or found)[-1].id)
        return None

    def _of_run(self, run: Run) -> dict[str, list[Result]]:
        """Return a run's results by label, without their samples."""
        if run.id not in self._cases:
            by_label: dict[str, list[Result]] = {}
            for result in self._store.results(run.id, samples=False):
                if result.status in MEASURED:
                    by_label.setdefault(result.case.label, []).append(result)
            self._cases[run.id] = by_label
        return self._cases[run.id]

    def _absent(self, case: Case) -> str:
        if len(self._runs) == 1:
            return f"run {self._runs[0].id[:8]} has not measured {case.label}"
        return f"no run that ended well has measured {case.label}"


def judge(
    store: Store,
    before: Before,
    candidate: Result,
    again: Result | None,
    slower_max: float,
) -> Judgement:
    """Judge a candidate by its baseline.

    Args:
        store: where both are kept.
        before: what the candidate is compared with.
        candidate: today's result.
        again: today's result of the baseline, where it was measured again.
        slower_max: the share by which the candidate may be slower.

    Raises:
        StoreError: the store cannot be read.
    """
    old, reason = before.result, before.reason
    if old is None:
        return Judgement(failed=False, message=f"no baseline: {reason}")
    if before.role is Role.UNCHANGED:
        message = f"artifact and environment are those of run {old.run_id[:8]}"
        return Judgement(failed=False, message=message, verdict=Verdict.SAME)
    if candidate.status not in MEASURED:
        return Judgement(failed=False, message="nothing was measured to be compared")
    side = old
    if again is not None and again.status in MEASURED:
        side = again
    elif again is not None:
        reason = f"its baseline could not be measured again: {again.reason}"
    comparison = compare_results(store, side, candidate).comparison
    interval = comparison.interval
    failed = (
        comparison.verdict is Verdict.SLOWER
        and interval is not None
        and interval.low > 1 + slower_max
    )
    return Judgement(
        failed=failed,
        message=_told(comparison, failed, slower_max, candidate, side, old, reason),
        verdict=comparison.verdict,
        comparison=comparison,
    )


def _told(
    found: Comparison,
    failed: bool,
    slower_max: float,
    candidate: Result,
    side: Result,
    old: Result,
    reason: str,
) -> str:
    """Return in a few lines what was compared with what, and what came of it."""
    name = f"run {old.run_id[:8]}"
    if found.ratio is None or found.interval is None:
        return f"{candidate.case.label} is not compared with {name}: {found.reason}"
    how = (
        f"paired: both were measured in the same {found.n} rounds"
        if found.paired
        else "unpaired: the interval allows for how runs differ"
    )
    lines = (
        f"{candidate.case.label} {'became slower' if failed else 'was compared'}: "
        f"{_ms(candidate)} against {_ms(side)} of {name}",
        f"  ratio {found.ratio:.3f} [{found.interval.low:.3f}, "
        f"{found.interval.high:.3f}]; up to {1 + slower_max:.3f} is allowed",
        f"  {how}{f' ({reason})' if reason else ''}",
        f"  artifact {side.case.variant.sha256[:12]} then, "
        f"{candidate.case.variant.sha256[:12]} now in run {candidate.run_id[:8]}",
    )
    return "\n".join(lines)


def _unlabelled(source: DataSource) -> DataSource:
    """Return data that are timed but not judged: accuracy is the candidate's affair."""

    def load() -> Data:
        name = f"{source.name} (to be timed only)"
        return replace(source.data, name=name, labels=None, metric=None)

    return DataSource(source.name, source.sha256, load, source.made)


def _ms(result: Result) -> str:
    value = spread(slice_values(result.case, result.blocks)).value
    return "nothing" if value is None else f"{value / 1e6:.4g} ms"


def _changed(before: Environment | None, now: Environment) -> str:
    """Return what of the environment has changed, nothing where all is the same."""
    if before is None:
        return "its environment is not known"
    if before.identity_sha256 == now.identity_sha256:
        return ""
    return _differences(_identity(before), _identity(now)) or "its environment differs"


def _differences(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    return ", ".join(
        f"{key} was {before.get(key)!r} and is {now.get(key)!r}"
        for key in sorted({*before, *now})
        if before.get(key) != now.get(key)
    )


def _identity(found: Environment) -> dict[str, str | None]:
    return {
        "device": found.device,
        "runtime": found.runtime,
        "runtime version": found.runtime_version,
        **found.identity,
    }
