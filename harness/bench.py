"""One open case: its workers, its blocks, and when it has been measured enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from .course import Course, ask, series_of
from .courses import course_of
from .demand import DeviceTimed
from .errors import DataError, StoreError, WorkerError
from .evaluation import evaluate
from .failure import Failure, failure_of
from .figure import Figure
from .frames import show
from .inputs import timed_inputs
from .load import under_load
from .meter import PowerMeter
from .metering import Metering, readable
from .own_clock import DEVICE_CLOCK
from .plan import Planned
from .power import METERING
from .profiles import Profile
from .recording import Recorder, Recovered
from .statistics import Estimate
from .stopping import Streak
from .stretches import plain, warm_up
from .summary import (
    SliceValues,
    block_value_ns,
    slice_values,
    spread,
    steady_values,
)
from .throttling import throttling
from .timeline import Timeline
from .values import (
    Accuracy,
    Block,
    BlockKind,
    Evidence,
    Phase,
    Result,
    Series,
    Status,
    WorkerRecord,
)
from .watch import Seen, StateReader, Watch, same_clock
from .worker import Limits, Measured, Opened, Stretch, Worker


@dataclass(slots=True, kw_only=True, eq=False)
class Bench:
    """One case on its way from planned to measured."""

    planned: Planned
    run_id: str
    result_id: str
    profile: Profile
    limits: Limits
    recorder: Recorder
    timeline: Timeline
    recovered: Recovered = field(default_factory=Recovered)
    watch: Watch = field(default_factory=lambda: Watch(()))
    losses: int = 0
    readers: list[StateReader] = field(init=False, default_factory=list)
    blocks: list[Block] = field(init=False, default_factory=list)
    records: list[WorkerRecord] = field(init=False)
    failure: Failure | None = field(init=False, default=None)
    estimate: Estimate | None = field(init=False, default=None)
    streak: Streak = field(init=False)
    shortfall: str | None = field(init=False, default="nothing was measured")
    closed: bool = field(init=False, default=False)
    _measured: list[Block] = field(init=False, default_factory=list)
    _values_ns: list[float] = field(init=False, default_factory=list)
    _workers: list[Worker] = field(init=False, default_factory=list)
    _opened: list[Opened] = field(init=False, default_factory=list)
    _call_ns: float = field(init=False, default=1e6)
    _course: Course = field(init=False)
    _artifact: Path = field(init=False)
    _figures: tuple[Figure, ...] = field(init=False, default=())
    _accuracy: Accuracy | None = field(init=False)
    _accuracy_reason: str | None = field(init=False)
    _started_at_ns: int = field(init=False)

    def __post_init__(self) -> None:
        """Take up what an interrupted run has left."""
        workload = self.planned.case.workload
        self._course = course_of(workload, self.profile, self.planned.target.clock)
        self.streak = Streak(needed=self._course.looks_needed)
        for block in self.recovered.blocks:
            self._take(block)
        self.records = list(self.recovered.workers)
        self._accuracy = self.recovered.accuracy
        self._accuracy_reason = self.recovered.accuracy_reason
        self._started_at_ns = self.recovered.started_at_ns or time.time_ns()
        target = self.planned.target
        self._guard(
            lambda: self.readers.extend(same_clock(target.readers(), target.python))
        )

    @property
    def label(self) -> str:
        """Return the case's name for people."""
        return self.planned.case.label

    @property
    def footprint_bytes(self) -> int:
        """Return about how much memory the case takes while it is open."""
        planned = self.planned
        each = planned.target.footprint_bytes(planned.case.variant)
        return each * self.workers_wanted

    @property
    def measured_s(self) -> float:
        """Return the seconds measured so far, warm-up apart."""
        return sum(block.elapsed_ns for block in self._measured) / 1e9

    @property
    def tells_time(self) -> bool:
        """Return whether there are blocks to measure at all."""
        return self.planned.target.clock is not None

    @property
    def workers_wanted(self) -> int:
        """Return how many workers the case is measured with."""
        target = self.planned.target
        if not self.tells_time:
            return 1
        wanted = max(self.profile.workers, target.workers_min)
        return wanted if target.workers_max is None else min(wanted, target.workers_max)

    def share_done(self) -> float:
        """Return about which share of its measuring is done, 0 to 1.

        An interval's width falls with the square root of the time.
        """
        share = self._course.share_done(self.blocks)
        if share is not None:
            return share
        profile, needed_s = self.profile, self.profile.measured_min_s
        width = self.estimate.relative_half_width if self.estimate else None
        if width is not None:
            more = (width / profile.half_width) ** 2
            needed_s = max(needed_s, more * self.measured_s)
        return min(1.0, self.measured_s / min(needed_s, self._course.limit_s))

    def launch(self) -> None:
        """Start the workers; they come up side by side."""
        self._guard(self._launch)

    def open(self) -> None:
        """Load the model in each worker."""
        self._guard(lambda: self._opened.extend(w.open() for w in self._workers))

    def begin(self) -> None:
        """Make the first calls, warm up, take memory, and evaluate once."""
        self._guard(self._begin)

    def measure(self, round_index: int) -> None:
        """Measure one block with the worker whose turn it is."""
        self._guard(lambda: self._measure(round_index))

    def ended(self) -> bool:
        """Return whether this case needs no more blocks, updating its estimate."""
        if self.failure is not None or not self.tells_time:
            return True
        if not self._measured:
            return False
        case = self.planned.case
        values = (
            slice_values(case, self._measured)
            if under_load(case.workload)
            else steady_values(self._measured, self._values_ns)
        )
        self.estimate = spread(values)
        self.shortfall = self._missing(self.estimate, values)
        self.streak = self.streak.after(self.shortfall is None)
        return self.streak.done or self.measured_s >= self._course.limit_s

    def awaits_meters(self) -> bool:
        """Return whether an energy phase is to come, which must not part the rounds."""
        found: list[PowerMeter] = []
        self._guard(lambda: found.extend(filter(readable, self._meters())))
        return bool(found)

    def close(self) -> Result:
        """Run the energy phase, close the workers and return the case's result."""
        self._guard(self._measure_energy)
        self.abandon()
        self.closed = True
        status, reason = self._verdict()
        evidence = self._evidence()
        verdict = throttling(self.blocks, self.watch.why_missing(self.readers))
        return Result(
            id=self.result_id,
            run_id=self.run_id,
            case=self.planned.case,
            environment=self.planned.target.describe(),
            status=status,
            reason=reason,
            started_at_ns=self._started_at_ns,
            finished_at_ns=time.time_ns(),
            blocks=tuple(self.blocks),
            workers=tuple(self.records),
            accuracy=self._accuracy_within(evidence),
            accuracy_reason=self._accuracy_reason,
            evidence=evidence,
            throttled=verdict.state,
            throttled_reason=verdict.reason,
            figures=self._figures,
        )

    def anew(self) -> Bench:
        """Return the case to be opened again, with what was measured of it so far."""
        kept = Recovered(
            blocks=tuple(self.blocks),
            workers=tuple(self.records),
            accuracy=self._accuracy,
            accuracy_reason=self._accuracy_reason,
            started_at_ns=self._started_at_ns,
        )
        return replace(self, recovered=kept, losses=self.losses + 1)

    def abandon(self) -> None:
        """Close the workers and keep everything else."""
        for worker in self._workers:
            worker.close()
        self._workers = []

    def _evidence(self) -> Evidence:
        """Return how the latency was obtained, or where none is known, the rest."""
        for figure in self._figures:
            if figure.quantity == "latency" and figure.reason is None:
                return figure.evidence
        return self.planned.target.evidence

    def _accuracy_within(self, evidence: Evidence) -> Accuracy | None:
        own = self.planned.target.evidence
        if self._accuracy is None or own == evidence:
            return self._accuracy
        return replace(self._accuracy, evidence=own)

    def _verdict(self) -> tuple[Status, str | None]:
        if self.failure is not None:
            return self.failure.status, self.failure.reason
        if self.streak.done or not self.tells_time:
            return Status.OK, None
        why = self.shortfall or "narrow enough only once"
        return Status.NOT_CONVERGED, f"{why} within {self._course.limit_s:g} s"

    def _missing(self, estimate: Estimate, values: SliceValues) -> str | None:
        """Return the first thing that is still missing, or None for nothing."""
        profile, measured_s = self.profile, self.measured_s
        missing = self._course.shortfall(self.blocks)
        if missing is not None or not self._course.converges:
            return missing
        if measured_s < profile.measured_min_s:
            return f"{measured_s:.1f} of {profile.measured_min_s:g} s measured"
        rule = profile.stop_rule
        rule = replace(rule, workers_min=min(rule.workers_min, self.workers_wanted))
        workers = len(set(values.workers.tolist()))
        return rule.shortfall(estimate, workers, values.span_s)

    def _launch(self) -> None:
        planned = self.planned
        self._artifact = planned.target.ready(planned.case, self.limits)
        for _ in range(self.workers_wanted):
            worker = planned.target.launch(planned.case, self._artifact, self.limits)
            self._workers.append(worker)

    def _begin(self) -> None:
        inputs = timed_inputs(self.planned, self._opened[0].inputs)
        # Every worker's first trace is its warm-up, which may be all that is left.
        first_number = 1 + max((block.worker for block in self.blocks), default=-1)
        for number, worker in enumerate(self._workers, first_number):
            bound = worker.bind(inputs)
            show(worker, self.planned, self._opened[0].inputs)
            self._call_ns = float(bound.first_call_ns)
            opened = self._opened[number - first_number]
            if self.tells_time:
                self._warm_up(number, worker)
            if bound.ran.get(DEVICE_CLOCK):
                self._time_device(number, worker)
            record = WorkerRecord(
                worker=number,
                first_call_ns=bound.first_call_ns,
                open_ns=opened.open_ns,
                memory=worker.memory() if self.tells_time else None,
                ran=bound.ran,
            )
            self.records.append(record)
            self.recorder.worker(self, record)
        if self._accuracy is None and self._accuracy_reason is None:
            self._evaluate()
            self._workers[0].bind(inputs)
        case, ran = self.planned.case, self.records[-1].ran
        self._figures = self.planned.target.figures(case, self._artifact, ran)

    def _evaluate(self) -> None:
        source = self.planned.data
        if source is None:
            self._accuracy_reason = "no evaluation data was given"
        else:
            case, worker = self.planned.case, self._workers[0]
            inputs, outputs = self._opened[0].inputs, case.variant.profile.outputs
            batch = case.workload.batch
            try:
                self._accuracy = evaluate(worker, source.data, inputs, outputs, batch)
            except DataError as exc:
                self._accuracy_reason = str(exc)
        self.recorder.accuracy(self, self._accuracy, self._accuracy_reason)

    def _warm_up(self, number: int, worker: Worker) -> None:
        stretch = warm_up(self.profile, self._call_ns)
        measured, seen = self._block(worker, stretch)
        self._keep(measured, number, -1, Phase.WARMUP, stretch.kind, *seen)
        self._call_ns = float(np.median(measured.latency_ns))

    def _time_device(self, number: int, worker: Worker) -> None:
        """Measure calls that the device's own clock times too, apart from the others:
        the stamps on the device may cost something.
        """
        stretch = replace(self._stretch(), kind=BlockKind.SLICE, demand=DeviceTimed())
        measured, seen = self._block(worker, stretch)
        self._keep(measured, number, -1, Phase.DEVICE, stretch.kind, *seen)

    def _measure(self, round_index: int) -> None:
        stretch = self._course.stretch(self._stretch(), self.blocks)
        # Slices and windows may take turns: each kind goes through all workers.
        alike = sum(block.kind is stretch.kind for block in self._measured)
        turn = alike % len(self._workers)
        number = self.records[turn - len(self._workers)].worker
        measured, seen = self._block(self._workers[turn], stretch)
        self._keep(measured, number, round_index, Phase.MEASURE, stretch.kind, *seen)

    def _block(self, worker: Worker, stretch: Stretch) -> Seen:
        return self.watch.around(self.readers, lambda: ask(worker, stretch))

    def _meters(self) -> tuple[PowerMeter, ...]:
        """Return the meters that this case has still to be measured by."""
        if not self._workers or not self.tells_time:
            return ()
        if any(METERING in block.context for block in self.blocks):
            return ()
        return (*self.planned.meters, *self.planned.target.meters())

    def _measure_energy(self) -> None:
        """Go through the energy phase, and keep last what the meters recorded."""
        meters = self._meters()
        if not meters:
            return
        first = self.records[-len(self._workers)].worker
        stretch = self._stretch()

        def keep(measured: Measured, place: int) -> int:
            self._keep(measured, first + place, -1, Phase.ENERGY, stretch.kind)
            return self.blocks[-1].index

        phase = Metering(meters=meters, energy_ns=self.profile.energy_ns)
        phase.run(self._workers, stretch, keep)
        block = phase.block(len(self.blocks), first, self.timeline.offset_ns)
        self.recorder.block(self, block)
        self._take(block)

    def _stretch(self) -> Stretch:
        scenario = self.planned.case.workload.scenario
        return plain(scenario, self.profile, self._call_ns)

    def _keep(
        self,
        measured: Measured,
        number: int,
        round_index: int,
        phase: Phase,
        kind: BlockKind,
        *more: Series,
    ) -> None:
        if not len(measured.latency_ns):
            raise WorkerError("the worker measured a block without calls")
        block = Block(
            index=len(self.blocks),
            worker=number,
            round=round_index,
            kind=kind,
            phase=phase,
            started_at_ns=measured.started_at_ns,
            offset_ns=self.timeline.offset_ns(measured.started_ns),
            elapsed_ns=measured.elapsed_ns,
            calls=measured.made,
            series=(*series_of(measured), *more),
            context=measured.context,
        )
        self.recorder.block(self, block)
        self._take(block)

    def _take(self, block: Block) -> None:
        """Take in a block; its value is made once, since every round looks at all."""
        self.blocks.append(block)
        if block.phase is Phase.MEASURE:
            self._measured.append(block)
            self._values_ns.append(block_value_ns(self.planned.case, block))

    def _guard(self, act: Callable[[], None]) -> None:
        """Turn whatever a target does into this case's failure, and nobody else's."""
        if self.failure is not None:
            return
        try:
            act()
        except StoreError:
            raise  # the journal's trouble is everybody's
        except Exception as exc:  # a plug-in's host half may raise anything
            self.failure = failure_of(exc)
