"""Latencies without the calls that were preempted, beside those as scheduled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .statistics import Estimate, median_estimate
from .tails import P90_SUPPORT, Tail
from .values import Block

OFF_CPU_NS = 20_000
"""A call whose thread did not run for longer than this was preempted."""

_ALL_FLAGGED = "every call was preempted"


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCpu:
    """Latencies of the calls whose thread was not preempted.

    ``flagged_share`` of all calls were, and are left out here; ``samples`` are left.
    """

    median_ns: Estimate
    p90_ns: Estimate
    p99_ns: Estimate
    samples: int
    flagged_share: float


def on_cpu(blocks: Sequence[Block]) -> OnCpu | None:
    """Return the view of blocks in order of time; None where no preemption is told.

    A block all of whose calls were preempted has no part in it.
    """
    slices, kept = [], []
    for block in blocks:
        latency, off_cpu = block.values("latency"), block.values("off_cpu")
        if latency is None or off_cpu is None or len(latency) != len(off_cpu):
            return None
        ran = latency[off_cpu <= OFF_CPU_NS]
        if len(ran):
            slices.append(ran)
            kept.append(block)
    calls = sum(block.calls for block in blocks)
    if not calls:
        return None
    if not kept:
        unknown = Estimate(value=None, interval=None, n=0, reason=_ALL_FLAGGED)
        return OnCpu(
            median_ns=unknown,
            p90_ns=unknown,
            p99_ns=unknown,
            samples=0,
            flagged_share=1.0,
        )
    tail = Tail(slices, [block.worker for block in kept])
    return OnCpu(
        median_ns=median_estimate(
            np.array([float(np.median(ran)) for ran in slices]),
            np.array([block.offset_ns / 1e9 for block in kept]),
        ),
        p90_ns=tail.percentile(0.9, P90_SUPPORT),
        p99_ns=tail.percentile(0.99),
        samples=tail.n,
        flagged_share=(calls - tail.n) / calls,
    )
