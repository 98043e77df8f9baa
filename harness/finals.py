"""The end of a run: each finalist alone under sustained load."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .finalists import Choice, choose
from .plan import Plan, Planned
from .progress import Progress
from .recording import Recorder, Recovered, heading
from .results import row
from .soak import soaked_s
from .soak_rows import flip_sentence, flips
from .soaking import Soaking
from .store import Store
from .timeline import Timeline
from .values import Block, Phase, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What is stored of a case: its row, and what its next block is called."""

    result_id: str
    row: Mapping[str, Any]
    next_index: int
    next_worker: int
    soaked_s: float

    @classmethod
    def of(cls, result: Result) -> _Entry:
        blocks = result.blocks
        return cls(
            result_id=result.id,
            row=row(result),
            next_index=1 + max((block.index for block in blocks), default=-1),
            next_worker=1 + max((block.worker for block in blocks), default=-1),
            soaked_s=soaked_s(blocks),
        )


@dataclass(slots=True, kw_only=True)
class Finals:
    """The sustained runs that a run ends with.

    ``recovered`` holds, by heading, what an earlier attempt at the same run left: a
    sustained run that was interrupted is begun anew, and what it measured is kept.
    ``timelines`` are those of the machines; ``prepared`` gives a case its kept
    artifact.
    """

    plan: Plan
    run_id: str
    store: Store
    recorder: Recorder
    recovered: Mapping[str, Recovered]
    timelines: Mapping[str, Timeline]
    progress: Progress
    stopping: Callable[[], bool]
    prepared: Callable[[Planned], Planned]
    soaked: int = field(init=False, default=0)
    failed: int = field(init=False, default=0)
    _entries: dict[str, _Entry] = field(init=False, default_factory=dict)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def hold(self) -> None:
        """Choose the finalists, soak each on its machine, and keep what came out.

        Raises:
            StoreError: the store or the journal cannot be used.
        """
        for result in self.store.results(self.run_id):
            self._entries[result.case.key] = _Entry.of(result)
        rows = [entry.row for entry in self._entries.values()]
        choice = choose(rows, self.plan.constraints)
        self._keep_reasons(choice)
        left = self._left(choice)
        if not left:
            return
        self.progress.soak(len(left), self.plan.soak_s)
        by_machine: dict[str, list[Planned]] = {}
        for planned in left:
            by_machine.setdefault(planned.target.machine, []).append(planned)
        with ThreadPoolExecutor(len(by_machine)) as pool:
            drives = [
                pool.submit(self._drive, finalists, self.timelines[machine])
                for machine, finalists in by_machine.items()
            ]
            for drive in drives:
                drive.result()

    def warnings(self) -> list[str]:
        """Return a sentence for each two finalists that changed places."""
        rows = [entry.row for entry in self._entries.values()]
        return [flip_sentence(flip) for flip in flips(rows)]

    def _keep_reasons(self, choice: Choice) -> None:
        for key, reason in choice.reasons.items():
            entry = self._entries[key]
            if not entry.soaked_s and entry.row.get("soak_reason") != reason:
                self.store.add_soak(entry.result_id, (), reason)

    def _left(self, choice: Choice) -> list[Planned]:
        """Return the finalists whose sustained run, if any, was shorter than asked."""
        cases = {planned.case.key: planned for planned in self.plan.cases}
        return [
            cases[key]
            for key in choice.finalists
            if key in cases and self._entries[key].soaked_s < self.plan.soak_s
        ]

    def _drive(self, finalists: Sequence[Planned], timeline: Timeline) -> None:
        """Soak the finalists of one machine, one after the other."""
        for planned in finalists:
            if not self.stopping():
                self._soak(planned, timeline)

    def _soak(self, planned: Planned, timeline: Timeline) -> None:
        entry = self._entries[planned.case.key]
        before = self._left_over(planned, entry)
        soaking = Soaking(
            planned=self.prepared(planned),
            seconds=self.plan.soak_s,
            worker=max([entry.next_worker, *(1 + b.worker for b in before)]),
            first_index=max([entry.next_index, *(1 + b.index for b in before)]),
            recorder=self.recorder,
            timeline=timeline,
            stopping=self.stopping,
        )
        soaking.run()
        if not soaking.done and soaking.failure is None:
            return  # asked to leave: the journal has it
        with self._lock:
            blocks = [*before, *soaking.blocks]
            self.store.add_soak(entry.result_id, blocks, soaking.failure)
            result = self.store.result(entry.result_id)
            self._entries[planned.case.key] = _Entry.of(result)
            self.soaked += soaking.failure is None
            self.failed += soaking.failure is not None
        told = soaking.failure or f"was loaded for {soaking.measured_s:.0f} s"
        self.progress.soaked(planned.case, told)

    def _left_over(self, planned: Planned, entry: _Entry) -> list[Block]:
        """Return the blocks of an interrupted attempt that the store lacks."""
        blocks = self.recovered.get(heading(planned), Recovered()).blocks
        return [
            block
            for block in blocks
            if block.phase is Phase.SOAK and block.index >= entry.next_index
        ]
