"""How the blocks of a case follow one another, by its scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .demand import Frames, Poisson, Queries
from .errors import CaseError, WorkerError
from .load import OFFERED
from .profiles import Profile
from .stopping import PASSES_NEEDED
from .values import Block, Series, Workload
from .worker import Measured, Stretch, Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Blocks that are all alike: each is what the profile's slice or window says."""

    workload: Workload
    profile: Profile

    @property
    def limit_s(self) -> float:
        """Return the time measured after which the case is given up."""
        return self.profile.case_limit_s

    @property
    def converges(self) -> bool:
        """Return whether the case ends by the interval of its latency."""
        return True

    @property
    def looks_needed(self) -> int:
        """Return how many looks in a row must find nothing missing."""
        return PASSES_NEEDED

    def share_done(self, blocks: Sequence[Block]) -> float | None:
        """Return about which share is done, None where the interval's width tells."""
        return None

    def stretch(self, plain: Stretch, blocks: Sequence[Block]) -> Stretch:
        """Return what the next block is to be, where ``plain`` is calls in a row."""
        samples = self.workload.samples_per_query
        if samples is None:
            return plain
        demand = Queries(calls=samples // self.workload.batch)
        return replace(plain, demand=demand)

    def shortfall(self, blocks: Sequence[Block]) -> str | None:
        """Return what is still missing besides a narrow interval, None for nothing."""
        return None


def ask(worker: Worker, stretch: Stretch) -> Measured:
    """Measure one block and note the load that it was measured under.

    Raises:
        CaseError: the worker makes calls in a row and nothing else.
        WorkerError: the worker did not do what the block demands.
    """
    demand = stretch.demand
    if demand is not None and not worker.takes_demands:
        raise CaseError(
            "this target's workers make calls in a row: single_stream and offline "
            "are the scenarios that they take"
        )
    measured = worker.block(stretch)
    if demand is None:
        return measured
    absent = [name for name in demand.series if name not in measured.more]
    if absent:
        raise WorkerError(
            f"the worker does not know the demand {demand.kind!r}: it sent no "
            f"{absent[0]!r}"
        )
    if isinstance(demand, Poisson):
        offered: float = demand.rate_per_s
    elif isinstance(demand, Frames):
        offered = demand.streams
    else:
        return measured
    return replace(measured, context={**measured.context, OFFERED: offered})


def series_of(measured: Measured) -> tuple[Series, ...]:
    """Return what was measured as the series of a block."""
    arrays = {"latency": measured.latency_ns, "gap": measured.gap_ns}
    if measured.off_cpu_ns is not None:
        arrays["off_cpu"] = measured.off_cpu_ns
    arrays.update(measured.more)
    return tuple(
        Series(quantity=quantity, unit="ns", values=values, clock=measured.clock)
        for quantity, values in arrays.items()
    )
