"""One finalist under sustained load: alone on its device, block after block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .errors import StoreError, WorkerError
from .failure import failure_of
from .inputs import timed_inputs
from .plan import Planned
from .recording import Recorder
from .soak import soaked_s
from .statistics import Estimate
from .stretches import room
from .timeline import Timeline
from .values import Block, BlockKind, Phase, Scenario, Series
from .watch import StateReader, Watch, same_clock
from .worker import Measured, Stretch, Worker

BLOCK_NS = 5_000_000_000
"""Twelve blocks make the first minute: its interval needs seven."""

WATCHED_NS = 1_000_000_000
"""From one reading of the device's state to the next: heat takes its time."""

KEPT_MAX = 5_000
"""Latencies of a block that are kept, evenly spaced: half an hour of a quick model
would be a hundred million."""

REST_SHARE = 1 / 6
"""Rest before a sustained run, over its length: every finalist begins as cool."""

REST_STEP_S = 1.0


@dataclass(slots=True, kw_only=True, eq=False)
class Soaking:
    """A sustained run on its way; blocks are numbered on from ``first_index``."""

    planned: Planned
    seconds: float
    worker: int
    first_index: int
    recorder: Recorder
    timeline: Timeline
    stopping: Callable[[], bool] = lambda: False
    blocks: list[Block] = field(init=False, default_factory=list)
    failure: str | None = field(init=False, default=None)
    estimate: Estimate | None = field(init=False, default=None)
    _call_ns: float = field(init=False, default=1e6)
    _rested_s: float = field(init=False, default=0.0)

    @property
    def label(self) -> str:
        """Return the case's name for people."""
        return self.planned.case.label

    @property
    def measured_s(self) -> float:
        """Return for how long it has lasted."""
        return soaked_s(self.blocks)

    @property
    def done(self) -> bool:
        """Return whether it has lasted as long as was asked for."""
        return bool(self.blocks) and self.measured_s >= self.seconds

    def share_done(self) -> float:
        """Return which share of it, the rest before it included, is over, 0 to 1."""
        whole_s = (1 + REST_SHARE) * self.seconds
        return min(1.0, (self._rested_s + self.measured_s) / whole_s)

    def run(self) -> None:
        """Rest, then load without a pause until the time is up, or it fails.

        Raises:
            StoreError: the journal cannot be written.
        """
        try:
            self._rest()
            if not self.stopping():
                self._load()
        except StoreError:
            raise  # the journal's trouble is everybody's
        except Exception as exc:  # a plug-in's host half may raise anything
            why = failure_of(exc).reason
            after = f"after {self.measured_s:.0f} of {self.seconds:g} s"
            self.failure = f"the sustained run failed {after}: {why}"

    def _rest(self) -> None:
        rest_s = REST_SHARE * self.seconds
        while self._rested_s < rest_s and not self.stopping():
            step_s = min(REST_STEP_S, rest_s - self._rested_s)
            self.planned.target.rest(step_s)
            self._rested_s += step_s

    def _load(self) -> None:
        planned = self.planned
        target = planned.target
        readers = same_clock(target.readers(), target.python)
        artifact = planned.target.ready(planned.case, planned.limits)
        with (
            Watch(readers) as watch,
            planned.target.launch(planned.case, artifact, planned.limits) as worker,
        ):
            opened = worker.open()
            bound = worker.bind(timed_inputs(planned, opened.inputs))
            self._call_ns = float(bound.first_call_ns)
            while not self.done and not self.stopping():
                self._block(worker, watch, readers)

    def _block(
        self, worker: Worker, watch: Watch, readers: Sequence[StateReader]
    ) -> None:
        measured, seen = watch.around(
            readers, lambda: worker.block(self._stretch()), WATCHED_NS
        )
        calls, kept = measured.made, len(measured.latency_ns)
        if not kept:
            raise WorkerError("the worker measured a block without calls")
        step = -(-kept // KEPT_MAX)
        unread = watch.why_missing(readers)
        block = Block(
            index=self.first_index + len(self.blocks),
            worker=self.worker,
            round=-1,
            kind=BlockKind.SOAK,
            phase=Phase.SOAK,
            started_at_ns=measured.started_at_ns,
            offset_ns=self.timeline.offset_ns(measured.started_ns),
            elapsed_ns=measured.elapsed_ns,
            calls=calls,
            series=(*_thinned(measured, step), *seen),
            context={
                **measured.context,
                "soak_s": self.seconds,
                "kept_every": step,
                **({"unread": unread} if unread else {}),
            },
        )
        self.recorder.block(self, block)
        self.blocks.append(block)
        self._call_ns = max(1.0, float(np.median(measured.latency_ns)))

    def _stretch(self) -> Stretch:
        offline = self.planned.case.workload.scenario is Scenario.OFFLINE
        return Stretch(
            # A worker overlaps the calls of a window.
            kind=BlockKind.WINDOW if offline else BlockKind.SOAK,
            calls_min=1,
            calls_max=room(BLOCK_NS, self._call_ns),
            duration_ns=BLOCK_NS,
        )


def _thinned(measured: Measured, step: int) -> tuple[Series, ...]:
    """Return every ``step``-th call's latency, and its time off the CPU if known."""
    kept = {"latency": measured.latency_ns, "off_cpu": measured.off_cpu_ns}
    return tuple(
        Series(
            quantity=quantity,
            unit="ns",
            values=values[::step].copy(),
            clock=measured.clock,
        )
        for quantity, values in kept.items()
        if values is not None
    )
