"""Run a plan: take up what was interrupted, reuse what still holds, measure the rest.

What is measured goes to the journal before the next block begins; a case that has
ended goes to the store. A run that was killed is taken up by running the same sweep
again.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from .artifacts import Artifacts
from .bench import Bench
from .cache import cache_folder
from .errors import InputError
from .journal import Journal
from .plan import Plan, Planned, Skip
from .profiles import PROFILES
from .progress import Progress
from .recording import JournalRecorder, Recovered, heading, recover
from .scheduler import Accounting, Machine
from .store import EarlierResult, Store, result_id
from .timeline import Timeline
from .values import Result, Run, Status, Variant

MEASURED = (Status.OK, Status.NOT_CONVERGED)
"""How a case must have ended for its result to be used again."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a run went: its cases by how they came about, and where the time went."""

    run: Run
    statuses: dict[Status, int] = field(default_factory=dict)
    reused: int = 0
    interrupted: bool = False
    soaked: int = 0
    soaks_failed: int = 0
    warnings: list[str] = field(default_factory=list)
    accounting: dict[str, Accounting] = field(default_factory=dict)

    def count(self, status: Status) -> None:
        """Count one more case that ended so."""
        self.statuses[status] = self.statuses.get(status, 0) + 1

    @property
    def failed(self) -> int:
        """Return the number of cases that failed or timed out, soaking included."""
        ended = (Status.FAILED, Status.TIMED_OUT)
        return self.soaks_failed + sum(self.statuses.get(s, 0) for s in ended)

    @property
    def closing(self) -> list[str]:
        """Return the last lines of a run: its warnings, then the sentence."""
        return [*(f"warning: {text}" for text in self.warnings), self.sentence]

    @property
    def sentence(self) -> str:
        """Return one line for people: what came of the cases, and the run's id."""
        counts = [f"{n} {status}" for status, n in sorted(self.statuses.items())]
        counts += [f"{self.reused} reused"] if self.reused else []
        counts += [f"{self.soaked} soaked"] if self.soaked else []
        counts += [f"{self.soaks_failed} soaks failed"] if self.soaks_failed else []
        told = ", ".join(counts) or "nothing to do"
        if self.accounting:
            busiest = max(self.accounting.values(), key=lambda spent: spent.wall_s)
            told += f"; measuring took {busiest.measuring_s:.1f} s"
        if self.interrupted:
            told += "; left early, run the same command to go on"
        return f"run {self.run.id[:8]}: {told}"


def run_plan(
    plan: Plan,
    store: Store,
    progress: Progress,
    *,
    fresh: bool = False,
    trigger: str = "manual",
    stopping: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Bring every case of a plan to a result in the store.

    Args:
        plan: what to run.
        store: where results are kept; locked while the run lasts.
        progress: told of every block and every result.
        fresh: measure again what an earlier run has measured.
        trigger: what started the run, for the record.
        stopping: asked before each case and between rounds whether to leave early.

    Raises:
        StoreError: the store or the journal cannot be used.
    """
    with store.lock():
        run = store.unfinished_run(plan.sha256)
        if run is None:
            run = _new_run(plan, trigger)
            store.add_run(run)
        return _Execution(plan, store, progress, run, fresh, stopping).execute()


class _Execution:
    """One attempt to bring a run to its end."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        progress: Progress,
        run: Run,
        fresh: bool,
        stopping: Callable[[], bool],
    ) -> None:
        self._plan = plan
        self._store = store
        self._progress = progress
        self._run = run
        self._fresh = fresh
        self._stopping = stopping
        self._outcome = Outcome(run=run)
        self._lock = threading.Lock()
        self._kept: dict[str, Path] = {}
        self._timelines: dict[str, Timeline] = {}
        self._folder = store.path.parent if store.path else cache_folder("stores")
        self._journal_path = self._folder / "journal" / f"{run.id}.journal"

    def execute(self) -> Outcome:
        done = self._store.run_results(self._run.id)
        left = [p for p in self._plan.cases if p.case.key not in done]
        reused = {} if self._fresh else self._reusable(left)
        if reused:
            self._store.link_result(self._run.id, *reused.values())
        left = [planned for planned in left if planned.case.key not in reused]
        self._outcome.reused = len(reused)
        measured = sum(planned.case.key in done for planned in self._plan.cases)
        self._progress.begin(total=len(left), reused=len(reused), done=measured)
        for skip in self._plan.skipped:
            self._keep(_skipped(skip, self._run))
        if left or self._plan.soak_s:
            self._measure(left)
        self._outcome.interrupted = self._stopping()
        if not self._outcome.interrupted:
            self._finish()
        return self._outcome

    def _reusable(self, left: Sequence[Planned]) -> dict[str, str]:
        """Return the earlier result of each case that still holds, by case key.

        A case with a meter of the sweep's own is measured anew: what was measured
        without it says nothing of its energy.
        """
        left = [planned for planned in left if not planned.meters]
        earlier = self._store.reusable([planned.case.key for planned in left])
        found = {}
        for planned in left:
            for candidate in earlier[planned.case.key]:
                if self._holds(planned, candidate):
                    found[planned.case.key] = candidate.result_id
                    break
        return found

    def _holds(self, planned: Planned, earlier: EarlierResult) -> bool:
        if earlier.status not in MEASURED:
            return False
        max_age_s = PROFILES[planned.case.workload.profile].max_age_s
        age_s = (self._run.started_at_ns - earlier.finished_at_ns) / 1e9
        if max_age_s is not None and age_s > max_age_s:
            return False
        identity = planned.target.describe().identity_sha256
        return earlier.identity_sha256 == identity

    def _measure(self, left: Sequence[Planned]) -> None:
        left = [self._with_kept_artifact(planned) for planned in left]
        recovered = recover(self._journal_path)
        self._journal_path.parent.mkdir(parents=True, exist_ok=True)
        with Journal.open(self._journal_path) as journal:
            recorder = JournalRecorder(journal, self._progress)
            machines = self._machines(left, recovered, recorder)
            with ThreadPoolExecutor(max(1, len(machines))) as pool:
                for future in [pool.submit(self._drive, m) for m in machines]:
                    future.result()
            if self._plan.soak_s and not self._stopping():
                self._soak(recorder, recovered)

    def _soak(
        self, recorder: JournalRecorder, recovered: Mapping[str, Recovered]
    ) -> None:
        from .finals import Finals  # only a run that soaks needs the front

        _, end_ns = self._measured_until(recovered)
        for planned in self._plan.cases:
            self._timelines.setdefault(planned.target.machine, Timeline(end_ns))
        finals = Finals(
            plan=self._plan,
            run_id=self._run.id,
            store=self._store,
            recorder=recorder,
            recovered=recovered,
            timelines=self._timelines,
            progress=self._progress,
            stopping=self._stopping,
            prepared=self._with_kept_artifact,
        )
        finals.hold()
        self._outcome.soaked = finals.soaked
        self._outcome.soaks_failed = finals.failed
        self._outcome.warnings = finals.warnings()

    def _with_kept_artifact(self, planned: Planned) -> Planned:
        """Return the case with its model file from among the kept artifacts.

        What is measured is then what its hash says, whatever becomes of the file that
        the sweep named. A model whose weights lie beside it stays where it is.
        """
        variant = planned.case.variant
        if variant.profile.external_files:
            return planned
        if variant.sha256 not in self._kept:
            self._kept[variant.sha256] = self._keep_artifact(variant)
        kept = replace(variant, path=self._kept[variant.sha256])
        return replace(planned, case=replace(planned.case, variant=kept))

    def _keep_artifact(self, variant: Variant) -> Path:
        artifacts = Artifacts(self._folder / "artifacts")
        if not artifacts.has(variant.sha256):
            sha256 = artifacts.put(variant.path)
            if sha256 != variant.sha256:
                raise InputError(
                    f"model {str(variant.path)!r} changed while the sweep was planned; "
                    "run again when it is whole"
                )
        return artifacts.path(variant.sha256)

    def _machines(
        self,
        left: Sequence[Planned],
        recovered: Mapping[str, Recovered],
        recorder: JournalRecorder,
    ) -> list[Machine]:
        last_round, end_ns = self._measured_until(recovered)
        by_machine: dict[str, list[Planned]] = {}
        for planned in left:
            by_machine.setdefault(planned.target.machine, []).append(planned)
        machines = []
        for name, cases in by_machine.items():
            timeline = self._timelines.setdefault(name, Timeline(end_ns))
            benches = [
                self._bench(planned, recorder, timeline, recovered) for planned in cases
            ]
            machines.append(
                Machine(
                    name=name,
                    benches=benches,
                    seed=self._plan.seed,
                    first_round=1 + last_round,
                    stopping=self._stopping,
                )
            )
        return machines

    def _measured_until(self, recovered: Mapping[str, Recovered]) -> tuple[int, int]:
        """Return the last round of this run, and the offset at which it stopped.

        Ended cases count too: equal rounds of a run must mean the same time. After a
        loss of power the journal may know less of them than the store. The pause is
        no part of the measured window.
        """
        last_round, end_ns = self._store.measured_until(self._run.id)
        for block in (b for found in recovered.values() for b in found.blocks):
            last_round = max(last_round, block.round)
            end_ns = max(end_ns, block.offset_ns + block.elapsed_ns)
        return last_round, end_ns

    def _bench(
        self,
        planned: Planned,
        recorder: JournalRecorder,
        timeline: Timeline,
        recovered: Mapping[str, Recovered],
    ) -> Bench:
        return Bench(
            planned=planned,
            run_id=self._run.id,
            result_id=result_id(self._run.id, planned.case.key),
            profile=PROFILES[planned.case.workload.profile],
            limits=planned.limits,
            recorder=recorder,
            timeline=timeline,
            recovered=recovered.get(heading(planned), Recovered()),
        )

    def _drive(self, machine: Machine) -> None:
        for result in machine.measure():
            self._keep(result)
        self._outcome.accounting[machine.name] = machine.accounting

    def _keep(self, result: Result) -> None:
        with self._lock:
            self._store.add_result(result)
            self._outcome.count(result.status)
        self._progress.result(result)

    def _finish(self) -> None:
        ended = time.time_ns()
        self._store.finish_run(self._run.id, "finished", ended)
        self._journal_path.unlink(missing_ok=True)
        self._outcome.run = replace(self._run, status="finished", finished_at_ns=ended)


def _new_run(plan: Plan, trigger: str) -> Run:
    return Run(
        id=uuid.uuid4().hex,
        name=plan.name,
        sweep_sha256=plan.sha256,
        sweep=plan.asked,
        started_at_ns=time.time_ns(),
        trigger=trigger,
        tierbench_version=version("tierbench"),
    )


def _skipped(skip: Skip, run: Run) -> Result:
    now = time.time_ns()
    return Result(
        id=result_id(run.id, skip.case.key),
        run_id=run.id,
        case=skip.case,
        environment=None,
        status=Status.SKIPPED,
        reason=skip.reason,
        started_at_ns=now,
        finished_at_ns=now,
        evidence=skip.target.evidence,
    )
