"""What a result says: statistics as functions of its samples, computed when read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .errors import StoreError
from .load import counted, throughput, under_load
from .on_cpu import OFF_CPU_NS, OnCpu, on_cpu
from .power import PowerFindings, power_of
from .statistics import Estimate, median_estimate, steady_start, throughput_estimate
from .tails import P90_SUPPORT, Tail
from .values import Block, Case, Clock, Memory, Phase, Result, Scenario
from .windows import NO_WINDOW_TAIL, UNTIMED, clock_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .values import Samples


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SliceValues:
    """One value a block, warm-up apart, in the order of measuring.

    ``values_ns`` is the median latency of the block's calls; for the offline scenario
    the block's time per call. A server's blocks are those under the highest rate that
    it bears, a pipeline's those of one frame after the other. ``rounds`` tell which
    blocks of other cases belong beside it.
    """

    values_ns: NDArray[np.float64]
    starts_s: NDArray[np.float64]
    workers: NDArray[np.int64]
    rounds: NDArray[np.int64]
    blocks: tuple[Block, ...]

    @property
    def span_s(self) -> float:
        """Return the time from the first block's start to the last one's."""
        return float(self.starts_s[-1] - self.starts_s[0]) if len(self.starts_s) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Statistics of one result; an ``Estimate`` without interval says why.

    Latencies are as scheduled, preempted calls included, but for ``on_cpu``, which is
    None where it is not known which calls were preempted. The estimates by early
    stopping are MLPerf's upper ones, not the percentiles themselves. ``clock`` is whose
    clock timed windows of many calls, None where calls were timed singly.
    """

    median_ns: Estimate
    p90_ns: Estimate
    p99_ns: Estimate
    p90_early_stopping_ns: Estimate
    p99_early_stopping_ns: Estimate
    on_cpu: OnCpu | None
    throughput_per_s: Estimate
    first_call_ns: float | None
    samples: int
    slices: int
    workers: int
    off_cpu_share: float | None
    memory: Memory | None
    power: PowerFindings
    clock: Clock | None = None


def slice_values(case: Case, blocks: Sequence[Block]) -> SliceValues:
    """Return a case's blocks as one value each, from where they are steady.

    Leading blocks that still warm up are left out here, not from what is kept.
    """
    measured = [block for block in blocks if block.phase is Phase.MEASURE]
    measured = counted(case.workload, measured)
    values = [block_value_ns(case, block) for block in measured]
    # A server's windows differ by what arrived in them: none of them is a warm-up.
    is_server = case.workload.scenario is Scenario.SERVER
    # A device that times itself has warmed up before each window.
    whole = is_server or clock_of(measured) is not None
    return steady_values(measured, values, first=0 if whole else None)


def steady_values(
    measured: Sequence[Block], values_ns: Sequence[float], first: int | None = None
) -> SliceValues:
    """Return measured blocks with their values, from where they are steady.

    That is found in the values unless ``first`` names the block.
    """
    values = np.array(values_ns)
    if first is None:
        first = steady_start(values) if len(values) else 0
    steady = measured[first:]
    return SliceValues(
        values_ns=values[first:],
        starts_s=np.array([block.offset_ns / 1e9 for block in steady]),
        workers=np.array([block.worker for block in steady], dtype=np.int64),
        rounds=np.array([block.round for block in steady], dtype=np.int64),
        blocks=tuple(steady),
    )


def spread(values: SliceValues) -> Estimate:
    """Return the estimate of the median over blocks, with its interval."""
    return median_estimate(values.values_ns, values.starts_s)


def summarise(result: Result) -> Summary:
    """Return the statistics of a result."""
    case = result.case
    values = slice_values(case, result.blocks)
    median = spread(values)
    clock = clock_of(values.blocks)
    tail = Tail(_latencies(values.blocks), values.workers.tolist())
    offline = case.workload.scenario is Scenario.OFFLINE
    no_tail = _NO_TAIL if offline else NO_WINDOW_TAIL if clock else None
    first = [record.first_call_ns for record in result.workers]
    return Summary(
        median_ns=UNTIMED if clock is Clock.HOST else median,
        p90_ns=no_tail or tail.percentile(0.9, P90_SUPPORT),
        p99_ns=no_tail or tail.percentile(0.99),
        p90_early_stopping_ns=no_tail or tail.early_stopping(0.9),
        p99_early_stopping_ns=no_tail or tail.early_stopping(0.99),
        on_cpu=None if no_tail else on_cpu(values.blocks),
        throughput_per_s=_throughput(case, values, result.blocks, clock),
        first_call_ns=None if clock or not first else float(np.median(first)),
        samples=tail.n,
        slices=len(values.blocks),
        workers=len(set(values.workers.tolist())),
        off_cpu_share=_off_cpu_share(values.blocks),
        memory=_memory(result),
        power=power_of(result.blocks, case.workload.batch),
        clock=clock,
    )


def block_value_ns(case: Case, block: Block) -> float:
    """Return the one value that stands for a block, see ``SliceValues``."""
    latency = block.values("latency")
    if not block.calls or latency is None:
        raise StoreError(
            f"block {block.index} of case {case.key[:12]!r} holds no calls; restore a "
            "copy of the store, or measure the case again with --fresh"
        )
    if case.workload.scenario is Scenario.OFFLINE:
        return block.elapsed_ns / block.calls
    return float(np.median(latency))


def _latencies(blocks: Sequence[Block]) -> list[Samples]:
    """Return each block's latencies as scheduled, in ns."""
    found = (block.values("latency") for block in blocks)
    return [values for values in found if values is not None]


def _throughput(
    case: Case, values: SliceValues, blocks: Sequence[Block], clock: Clock | None
) -> Estimate:
    """Return samples per second while the device is busy, per block, over blocks."""
    if under_load(case.workload):
        return throughput(case.workload, blocks)
    if clock is Clock.HOST:
        return UNTIMED
    samples = [case.workload.samples * block.calls for block in values.blocks]
    busy_s = [_busy_ns(case, block) / 1e9 for block in values.blocks]
    return throughput_estimate(np.array(samples), np.array(busy_s), values.starts_s)


def _busy_ns(case: Case, block: Block) -> float:
    latency = block.values("latency")
    if case.workload.scenario is Scenario.OFFLINE or latency is None:
        return block.elapsed_ns
    # A window that was timed as one holds the mean of its calls alone.
    return float(latency.mean()) * block.calls


def _off_cpu_share(blocks: Sequence[Block]) -> float | None:
    found = [block.values("off_cpu") for block in blocks]
    known = [values for values in found if values is not None]
    if not known:
        return None
    return float(np.mean(np.concatenate(known) > OFF_CPU_NS))


def _memory(result: Result) -> Memory | None:
    """Return the memory of the worker that needed most."""
    told = [record.memory for record in result.workers if record.memory]
    known = [memory for memory in told if memory.peak_bytes or memory.steady_bytes]
    return max(known, key=lambda m: m.peak_bytes or m.steady_bytes or 0, default=None)


_NO_TAIL = Estimate(
    value=None,
    interval=None,
    n=0,
    reason="queries of the offline scenario have no latency of their own",
)
