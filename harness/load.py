"""How much load a case bears: what its windows say, as a function of raw samples.

A window offers a load, a rate of queries or a number of cameras, and times each call
from the moment at which it was due. A load is met where the share of calls that are
late is no more than the scenario allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .profiles import PROFILES
from .statistics import Estimate
from .values import Block, Phase, Scenario, Workload

OFFERED = "offered"
"""The key of a block's context that holds the load which it was measured under."""

WINDOWS_MIN = 5
"""Windows under a load before it counts as met: as many as workers, at least."""

SERVER_QUANTILE = 0.99
FRAMES_QUANTILE = 0.999
"""The share of frames that must be in time: one in a thousand may be late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a load is met: ``quantile`` of the calls take ``limit_ns`` at most.

    It is called met only after ``queries_min`` calls in ``windows_min`` windows, and
    not met as soon as so many were late that no further ones could mend it.
    """

    quantile: float
    limit_ns: float
    queries_min: int = 1
    windows_min: int = 1

    def allowed(self, queries: int) -> float:
        """Return how many of so many calls may be late."""
        return round((1 - self.quantile) * queries, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What was seen under one load; ``offered`` is queries a second, or cameras.

    ``late`` counts calls beyond the limit and those that were due but never served,
    ``slow`` those whose service alone is beyond it. ``tail_ns`` is the rule's quantile
    of the latencies, None where calls that were never served fall on it. ``busy`` is
    the share of the time that serving all that was offered takes; above 1 no queue
    would ever end. ``met`` is None until enough was seen.
    """

    offered: float
    queries: int
    windows: int
    late: int
    slow: int
    tail_ns: float | None
    busy: float
    met: bool | None

    @property
    def in_time(self) -> float:
        """Return the share of calls within the limit."""
        return 1 - self.late / self.queries


def rule_of(workload: Workload) -> Rule:
    """Return when the load of a server or a pipeline is met, by its profile.

    A profile of another version of tierbench asks for one call.
    """
    profile = PROFILES.get(workload.profile)
    is_server = workload.scenario is Scenario.SERVER
    limit_ms = workload.server_p99_ms if is_server else workload.frame_deadline_ms
    return Rule(
        quantile=SERVER_QUANTILE if is_server else FRAMES_QUANTILE,
        limit_ns=1e6 * (limit_ms or 0.0),
        queries_min=1 if profile is None else profile.queries_min,
        windows_min=1 if profile is None else WINDOWS_MIN,
    )


def under_load(workload: Workload) -> bool:
    """Return whether the workload asks how much load a case bears."""
    limits = workload.server_p99_ms, workload.frame_deadline_ms
    return any(limit is not None for limit in limits)


def levels(workload: Workload, blocks: Sequence[Block]) -> list[Level]:
    """Return each load that was offered, the least first."""
    rule = rule_of(workload)
    windows: dict[float, list[Block]] = {}
    for block in blocks:
        if block.phase is Phase.MEASURE and OFFERED in block.context:
            windows.setdefault(float(block.context[OFFERED]), []).append(block)
    rate = workload.frame_rate_fps or 1.0
    return [_level(load, rate * load, windows[load], rule) for load in sorted(windows)]


def bracket(found: Sequence[Level]) -> tuple[Level | None, Level | None]:
    """Return the highest load that was met, and the lowest that was not.

    A load that was met counts only below every load that was not.
    """
    beyond = next((level for level in found if level.met is False), None)
    met = [
        level
        for level in found
        if level.met and (beyond is None or level.offered < beyond.offered)
    ]
    return (met[-1] if met else None), beyond


def counted(workload: Workload, measured: Sequence[Block]) -> list[Block]:
    """Return the blocks whose latencies stand for a case.

    Of a server those under the highest rate that it bears; of a pipeline those of one
    frame after the other; else all.
    """
    if workload.scenario is Scenario.SERVER:
        best, _ = bracket(levels(workload, measured))
        offered = None if best is None else best.offered
        return [b for b in measured if b.context.get(OFFERED, -1.0) == offered]
    if workload.scenario is Scenario.PIPELINE:
        return [block for block in measured if OFFERED not in block.context]
    return list(measured)


def throughput(workload: Workload, blocks: Sequence[Block]) -> Estimate:
    """Return the most samples or frames a second within the limit, or why none."""
    found = levels(workload, blocks)
    best, beyond = bracket(found)
    if best is None:
        reason = none_met(workload, beyond)
        return Estimate(value=None, interval=None, n=len(found), reason=reason)
    per_load = workload.frame_rate_fps or float(workload.batch)
    why = "it was searched for: the next load that was tried bounds it"
    return Estimate(
        value=best.offered * per_load, interval=None, n=best.windows, reason=why
    )


def none_met(workload: Workload, beyond: Level | None) -> str:
    """Return why no load was met; ``beyond`` is the least that was tried."""
    if beyond is None:
        return "no load was offered for long enough"
    if workload.scenario is Scenario.PIPELINE:
        cameras = "camera" if beyond.offered == 1 else "cameras"
        deadline = f"{workload.frame_deadline_ms:g} ms"
        return (
            f"with {beyond.offered:g} {cameras} {beyond.in_time:.2%} of frames were "
            f"done within {deadline}; {FRAMES_QUANTILE:.1%} must be"
        )
    if beyond.slow > rule_of(workload).allowed(beyond.queries):
        return (
            f"a call alone takes longer than the limit of {workload.server_p99_ms:g} "
            f"ms in {beyond.slow / beyond.queries:.2%} of queries"
        )
    if beyond.busy > 1 and beyond.late <= rule_of(workload).allowed(beyond.queries):
        return (
            f"at {beyond.offered:g} queries/s, the lowest rate that was tried, serving "
            f"takes {beyond.busy:.4g} times as long as there is: no queue would end"
        )
    tail_ms = "no end" if beyond.tail_ns is None else f"{beyond.tail_ns / 1e6:.4g} ms"
    return (
        f"at {beyond.offered:g} queries/s, the lowest rate that was tried, the p99 is "
        f"{tail_ms}; the limit is {workload.server_p99_ms:g} ms"
    )


def _level(
    offered: float, rate_per_s: float, windows: Sequence[Block], rule: Rule
) -> Level:
    latency = np.concatenate([_values(block, "latency") for block in windows])
    service = np.concatenate([_values(block, "service") for block in windows])
    unserved = sum(int(block.context.get("unserved", 0)) for block in windows)
    queries = len(latency) + unserved
    late = int(np.count_nonzero(latency > rule.limit_ns)) + unserved
    slow = int(np.count_nonzero(service > rule.limit_ns))
    everyone = np.concatenate([latency, np.full(unserved, np.inf)])
    tail = float(np.quantile(everyone, rule.quantile, method="inverted_cdf"))
    busy = rate_per_s * float(service.mean()) / 1e9
    return Level(
        offered=offered,
        queries=queries,
        windows=len(windows),
        late=late,
        slow=slow,
        tail_ns=tail if np.isfinite(tail) else None,
        busy=busy,
        met=_met(queries, len(windows), late, busy, rule),
    )


def _met(queries: int, windows: int, late: int, busy: float, rule: Rule) -> bool | None:
    enough = queries >= rule.queries_min and windows >= rule.windows_min
    if late > rule.allowed(max(queries, rule.queries_min)) or busy > 1:
        return False
    return True if enough else None


def _values(
    block: Block, quantity: str
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found = block.values(quantity)
    return np.empty(0) if found is None else np.asarray(found, np.float64)
