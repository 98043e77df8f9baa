"""How the latencies of a case are distributed: a histogram of its raw samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .summary import Summary, slice_values, summarise
from .values import Result, Scenario

BINS = 120
"""Narrower than a reader can tell apart on a page, wider than a timer's steps."""

_SHORTEST_NS = 1.0
"""What a timer that saw no time pass is taken for: zero has no logarithm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyHistogram:
    """Counts of ``n`` latencies between ``edges_ms``, one edge more than counts.

    The edges are equally wide in logarithm and reach from the shortest latency to the
    longest. The median and the percentiles are those of the summary; None where the
    samples cannot support one.
    """

    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]
    n: int
    median_ms: float | None
    p90_ms: float | None
    p99_ms: float | None


def latency_histogram(
    result: Result, summary: Summary | None = None
) -> LatencyHistogram | None:
    """Return the histogram of a result's latencies, warm-up left out.

    ``summary`` is the result's, where that is at hand.

    It counts the samples of the blocks that ``summarise`` counts. None where there are
    none, and for the offline scenario, whose queries have no latency of their own.
    """
    if result.case.workload.scenario is Scenario.OFFLINE:
        return None
    blocks = slice_values(result.case, result.blocks).blocks
    found = [latency for b in blocks if (latency := b.values("latency")) is not None]
    if not found:
        return None
    latencies_ms = np.maximum(np.concatenate(found), _SHORTEST_NS) / 1e6
    shortest, longest = float(latencies_ms.min()), float(latencies_ms.max())
    bins = BINS if longest > shortest else 1
    edges = np.geomspace(shortest, longest, bins + 1)
    edges[0], edges[-1] = shortest, longest  # rounding must lose no sample
    counts, _ = np.histogram(latencies_ms, edges)
    summary = summary or summarise(result)
    median, p90, p99 = (
        None if estimate.value is None else estimate.value / 1e6
        for estimate in (summary.median_ns, summary.p90_ns, summary.p99_ns)
    )
    return LatencyHistogram(
        edges_ms=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        n=len(latencies_ms),
        median_ms=median,
        p90_ms=p90,
        p99_ms=p99,
    )
