"""Who measures when: one block at a time on one machine.

All open cases of a machine are measured in rounds. In each round every case is given
one block, in random order, so that a drift of the machine hits all alike and two cases
can be compared round by round.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from .bench import Bench
from .errors import TierbenchError
from .failure import Failure
from .reconnecting import await_machine
from .target import Target
from .values import Result, Status
from .watch import Watch

OPEN_CASES_MAX = 32
"""More cases in a round would spread each case's blocks too thin in time."""

LOSSES_MAX = 3
"""How often a case is gone on with after the link to its machine was lost."""

MEMORY_SHARE = 0.5
"""Share of the free memory that open workers may take."""


@dataclass(slots=True)
class Accounting:
    """Where a machine's time went, in seconds."""

    measuring_s: float = 0.0
    wall_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class Machine:
    """One machine and the cases that it will measure.

    ``first_round`` goes on where an interrupted run stopped. ``stopping`` is asked
    before each case begins and between rounds whether to leave early.
    """

    name: str
    benches: Sequence[Bench]
    seed: int
    first_round: int = 0
    stopping: Callable[[], bool] = lambda: False
    accounting: Accounting = field(default_factory=Accounting)
    _lost: list[tuple[Bench, Result]] = field(init=False, default_factory=list)

    def measure(self) -> Iterator[Result]:
        """Measure all cases, cohort by cohort, and yield each result as it ends.

        Workers are started and closed in the calling thread, and die with it.
        """
        began = time.monotonic()
        chance = random.Random(self.seed)
        waiting = deque(_cohorts(self.benches))
        stopping = False
        while waiting and not stopping:
            with Watch(r for bench in self.benches for r in bench.readers) as seen:
                while waiting and not self._lost and not stopping:
                    cohort = waiting.popleft()
                    try:
                        yield from self._measure_cohort(cohort, chance, seen)
                    finally:
                        for bench in cohort:
                            bench.abandon()
                    stopping = self.stopping()
            if self._lost:
                again = yield from self._again(waiting)
                waiting.extendleft([again] if again else [])
        self.accounting.wall_s = time.monotonic() - began

    def _again(
        self, waiting: deque[list[Bench]]
    ) -> Generator[Result, None, list[Bench]]:
        """Wait for the machine, and return the cases whose link was lost, to go on.

        Each machine's clock is its own: the time of the run goes on where it stopped,
        whatever the clock did meanwhile.
        """
        lost, self._lost = self._lost, []
        why = await_machine(lost[0][0].planned.target.python, self.stopping)
        blocks = [b for bench in self.benches for b in bench.blocks]
        blocks += [b for bench, _ in lost for b in bench.blocks]
        end_ns = max((b.offset_ns + b.elapsed_ns for b in blocks), default=0)
        lost[0][0].timeline.resume(end_ns)
        if why is None:
            return [bench.anew() for bench, _ in lost]
        if self.stopping():  # the next attempt may find it back
            return []
        for _, result in lost:
            yield replace(result, reason=f"{result.reason}; {why}")
        for bench in (bench for cohort in waiting for bench in cohort):
            reason = f"the link to its machine was lost before it began; {why}"
            bench.failure = Failure(status=Status.FAILED, reason=reason)
            yield bench.close()
        waiting.clear()
        return []

    def _close(self, bench: Bench) -> Iterator[Result]:
        """Yield a case's result, if not its link was lost and may come back."""
        result, failure = bench.close(), bench.failure
        if failure and failure.link_lost and bench.losses < LOSSES_MAX:
            self._lost.append((bench, result))
        else:
            yield result

    def _measure_cohort(
        self, cohort: Sequence[Bench], chance: random.Random, watch: Watch
    ) -> Iterator[Result]:
        _open(cohort)
        for bench in cohort:
            bench.watch = watch
            if self.stopping():  # evaluating may take minutes
                return
            self._timed(bench.begin)
        left = list(cohort)
        metered: list[Bench] = []
        while left and not self.stopping():
            for bench in _ended(left):
                left.remove(bench)
                if bench.awaits_meters():
                    metered.append(bench)
                else:
                    yield from self._close(bench)
            for bench in chance.sample(left, len(left)):
                self._timed(bench.measure, self.first_round)
            self.first_round += 1
        for bench in metered:  # half a minute each would part the others' rounds
            if not self.stopping():
                yield from self._close(bench)

    def _timed(self, act: Callable[..., None], *arguments: int) -> None:
        began = time.monotonic()
        act(*arguments)
        self.accounting.measuring_s += time.monotonic() - began


def _open(cohort: Sequence[Bench]) -> None:
    """Start all workers, then load their models, as many at once as there are cores.

    Nothing is being measured yet; only this thread may start workers, since they die
    with the thread that started them.
    """
    for bench in cohort:
        bench.launch()
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(Bench.open, cohort))


def _cohorts(benches: Sequence[Bench]) -> Iterator[list[Bench]]:
    """Group cases in their order so that each group fits.

    Its workers must fit into memory, and onto the device: a board that holds one
    worker is given one case after the other. Cases that are to be compared stay
    together if they fit at all.
    """
    if not benches:
        return
    room = MEMORY_SHARE * _free_bytes(benches[0].planned.target)
    cohort: list[Bench] = []
    for together in _compared(benches):
        if cohort and not _fits([*cohort, *together], room):
            yield cohort
            cohort = []
        if cohort or _fits(together, room):
            cohort += together
        else:
            yield from ([bench] for bench in together)
    if cohort:
        yield cohort


def _free_bytes(target: Target) -> int:
    try:
        return target.free_bytes()
    except TierbenchError:  # it does not answer: its cases will tell, one by one
        return 0


def _ended(left: Sequence[Bench]) -> list[Bench]:
    """Return the cases that need no more blocks; those to be compared end together.

    Else the rounds that they share may be too few to compare: one may have left out
    the first as its warm-up, the other may not have been there for the last.
    """
    going_on = {_comparison(bench) for bench in left if not bench.ended()}
    return [bench for bench in left if _comparison(bench) not in going_on]


def _comparison(bench: Bench) -> str:
    """Return the key of the case that a case is compared with, or its own."""
    return bench.planned.beside or bench.planned.case.key


def _compared(benches: Sequence[Bench]) -> Iterator[list[Bench]]:
    """Group each case with those after it that are measured beside it."""
    together: list[Bench] = []
    for bench in benches:
        keys = [other.planned.case.key for other in together]
        if together and bench.planned.beside not in keys:
            yield together
            together = []
        together.append(bench)
    if together:
        yield together


def _fits(cohort: Sequence[Bench], room_bytes: float) -> bool:
    held = [bench.planned.target.workers_max for bench in cohort]
    places = min((most for most in held if most is not None), default=math.inf)
    return (
        len(cohort) <= OPEN_CASES_MAX
        and sum(bench.workers_wanted for bench in cohort) <= places
        and sum(bench.footprint_bytes for bench in cohort) <= room_bytes
    )
