"""A sustained run: its first minute and its steady state, held apart.

Pure functions of a soak's blocks. Every block counts as one value, as in all other
statistics; an interval holds the median over its own stretch of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from .pairing import Verdict, compare_unpaired
from .statistics import Estimate, median_estimate
from .summary import block_value_ns
from .throttling import Verdict as Throttling
from .throttling import throttling
from .values import Block, Case, Phase

if TYPE_CHECKING:
    from numpy.typing import NDArray

MINUTE_S = 60.0
CHANGE_MAX = 0.03
"""Share by which the halves of a steady state may differ beyond their intervals."""

SAG_MAX = 0.05
"""Slow-down that the interval must exclude for a case to have held."""

CONFIDENCE = 0.95


class SoakVerdict(StrEnum):
    """How the steady state stands to the first minute."""

    HELD = "held"
    SAGGED = "sagged"
    UNCLEAR = "unclear"
    """The intervals are too wide to tell."""
    CHANGING = "still changing"
    """There was no steady state when the soak ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """What a sustained run showed; latencies in ns, of the time per call offline.

    ``steady`` is over the last half and without a value where that still changed.
    ``ratio`` is the steady state over the first minute: above 1 is slower.
    ``throttling`` is of the sustained run alone.
    """

    asked_s: float
    duration_s: float
    calls: int
    minute_1: Estimate
    steady: Estimate
    steady_from_s: float
    ratio: Estimate
    verdict: SoakVerdict
    throttling: Throttling


def last_attempt(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks of the last sustained run, in order; [] without any.

    Each attempt has a worker of its own. One that was interrupted was begun anew: a
    device that rested in between is not in its steady state.
    """
    found = [block for block in blocks if block.phase is Phase.SOAK]
    last = max((block.worker for block in found), default=None)
    return sorted((b for b in found if b.worker == last), key=lambda b: b.index)


def soaked_s(blocks: Sequence[Block]) -> float:
    """Return for how long the last sustained run lasted, from first to last call."""
    attempt = last_attempt(blocks)
    if not attempt:
        return 0.0
    end_ns = attempt[-1].offset_ns + attempt[-1].elapsed_ns
    return (end_ns - attempt[0].offset_ns) / 1e9


def summarise_soak(case: Case, blocks: Sequence[Block]) -> Soak | None:
    """Return what a result's last sustained run showed; None if it did not end."""
    attempt = last_attempt(blocks)
    if not attempt:
        return None
    asked_s = float(attempt[0].context["soak_s"])
    duration_s = soaked_s(blocks)
    if duration_s < asked_s:
        return None
    starts_s = np.array([block.offset_ns / 1e9 for block in attempt])
    starts_s -= starts_s[0]
    values_ns = np.array([block_value_ns(case, block) for block in attempt])
    from_s = max(MINUTE_S, duration_s / 2)
    minute_1 = first_minute(values_ns, starts_s)
    steady = steady_state(values_ns, starts_s, from_s)
    ratio, verdict = sag(minute_1, steady)
    return Soak(
        asked_s=asked_s,
        duration_s=duration_s,
        calls=sum(block.calls for block in attempt),
        minute_1=minute_1,
        steady=steady,
        steady_from_s=from_s,
        ratio=ratio,
        verdict=verdict,
        throttling=throttling(attempt, _unread(attempt)),
    )


def _unread(attempt: Sequence[Block]) -> dict[str, str]:
    """Return why readers of the device's state told nothing, by module."""
    told = [block.context.get("unread", {}) for block in attempt]
    return {module: str(why) for each in told for module, why in each.items()}


def first_minute(
    values: NDArray[np.floating], starts_s: NDArray[np.floating]
) -> Estimate:
    """Estimate the median over the first minute, one value a block."""
    first = starts_s < MINUTE_S
    return median_estimate(values[first], starts_s[first])


def steady_state(
    values: NDArray[np.floating], starts_s: NDArray[np.floating], from_s: float
) -> Estimate:
    """Estimate the median from a time on, unless it still changes there.

    The two halves of that stretch must not differ by more than ``CHANGE_MAX`` beyond
    their intervals. A start that were sought in the values, as by MSER, would take any
    drift for a transient and publish the quietest stretch.

    Args:
        values: Shape (n,), one value a block, in order of time.
        starts_s: Shape (n,), when each block began.
        from_s: Where the steady state is taken to begin.
    """
    late = starts_s >= from_s
    values, starts_s = values[late], starts_s[late]
    half = len(values) // 2
    found = compare_unpaired(
        median_estimate(values[:half], starts_s[:half]),
        median_estimate(values[half:], starts_s[half:]),
        between_runs=0.0,
        floor=CHANGE_MAX,
        confidence=CONFIDENCE,
    )
    if found.verdict in (Verdict.SLOWER, Verdict.FASTER) and found.ratio is not None:
        change = found.ratio - 1
        return Estimate(
            value=None,
            interval=None,
            n=len(values),
            reason=f"it still changed by {change:+.1%} between the halves of the time "
            f"from {from_s:.0f} s on",
        )
    return median_estimate(values, starts_s)


def sag(minute_1: Estimate, steady: Estimate) -> tuple[Estimate, SoakVerdict]:
    """Return the steady state over the first minute, and what it means."""
    n = min(minute_1.n, steady.n)
    if steady.value is None and steady.n:
        return _no_ratio(n, steady.reason), SoakVerdict.CHANGING
    found = compare_unpaired(minute_1, steady, 0.0, confidence=CONFIDENCE)
    if found.ratio is None or found.interval is None:
        return _no_ratio(n, found.reason), SoakVerdict.UNCLEAR
    ratio = Estimate(value=found.ratio, interval=found.interval, n=n)
    if found.verdict is Verdict.SLOWER:
        return ratio, SoakVerdict.SAGGED
    held = found.interval.high <= 1 + SAG_MAX
    return ratio, SoakVerdict.HELD if held else SoakVerdict.UNCLEAR


def _no_ratio(n: int, reason: str | None) -> Estimate:
    return Estimate(value=None, interval=None, n=n, reason=reason)
