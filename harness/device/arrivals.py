"""Calls that come when they are due, whether or not the last one has ended.

A call is timed from the moment at which it was due: one that had to wait for others,
or that came late because the machine was stalled, shows what its caller waited. That
leaves out the coordinated omission of loops that wait for an answer before they ask
again (Tene, "How NOT to Measure Latency").
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Mapping
from time import perf_counter_ns, sleep
from typing import Any, NamedTuple

LEAD_NS = 1_000_000
"""From the block's begin to the moment from which arrivals count."""

SPIN_NS = 500_000
"""Sleeping ends this long before a call is due: a sleep was seen to end 0.05 to 0.3 ms
too late on an idle machine."""


class Served(NamedTuple):
    """The calls that were served, in the order in which they were due.

    ``latency`` is from the moment due to the end, ``service`` from the start to the
    end; their difference is the time spent waiting. ``unserved`` counts the calls
    that were due but for which the time did not suffice.
    """

    elapsed_ns: int
    latency_ns: array[int]
    service_ns: array[int]
    unserved: int


def poisson_due_ns(rate_per_s: float, seed: str, calls: int) -> array[int]:
    """Return when each call is due, from 0 on: gaps are exponential, and seeded."""
    chance = random.Random(seed)
    mean_gap_ns = 1e9 / rate_per_s
    due, at = array("q", bytes(8 * calls)), 0.0
    for i in range(calls):
        at += chance.expovariate(1.0) * mean_gap_ns
        due[i] = int(at)
    return due


def frames_due_ns(rate_per_s: float, streams: int, calls: int) -> array[int]:
    """Return when each frame is due: those of all streams at once, once a period.

    That is the hardest that cameras can be: triggered together.
    """
    return array("q", [int((i // streams) * 1e9 / rate_per_s) for i in range(calls)])


def due_ns(demand: Mapping[str, Any], calls: int) -> array[int]:
    """Return when each call is due under a demand of kind ``poisson`` or ``frames``."""
    if demand["kind"] == "poisson":
        return poisson_due_ns(demand["rate_per_s"], demand["seed"], calls)
    return frames_due_ns(demand["rate_per_s"], demand["streams"], calls)


def serve(act: Callable[[], object], due: array[int], limit_ns: int) -> Served:
    """Make each call when it is due, or as soon after as the one before has ended.

    Args:
        act: one call.
        due: when each is due, ascending.
        limit_ns: no call begins later than this after the first moment; what an
            overloaded device could not serve by then is counted.
    """
    clock = perf_counter_ns
    latency = array("q", bytes(8 * len(due)))
    service = array("q", bytes(8 * len(due)))
    begin = clock() + LEAD_NS
    end, served = begin, 0
    for i in range(len(due)):
        due_at = begin + due[i]
        ahead = due_at - clock()
        if ahead > SPIN_NS:
            sleep((ahead - SPIN_NS) / 1e9)
        start = clock()
        while start < due_at:
            start = clock()
        if start - begin > limit_ns:
            break
        act()
        end = clock()
        latency[i] = end - due_at
        service[i] = end - start
        served = i + 1
    return Served(
        elapsed_ns=end - begin,
        latency_ns=latency[:served],
        service_ns=service[:served],
        unserved=len(due) - served,
    )
