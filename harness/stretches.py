"""How long blocks of calls in a row are, and how many calls they have room for."""

from __future__ import annotations

from .profiles import Profile
from .values import BlockKind, Scenario
from .worker import Stretch

SLICE_CALLS = 20
"""Calls that a slice has at least, unless they take more than a second."""

SLICE_LIMIT_NS = 1_000_000_000
CALLS_MAX = 1_000_000


def room(duration_ns: int, call_ns: float) -> int:
    """Return room for four times the calls that the time should hold."""
    return min(CALLS_MAX, 64 + int(4 * duration_ns / call_ns))


def warm_up(profile: Profile, call_ns: float) -> Stretch:
    """Return the slice that goes before all others of a worker."""
    return Stretch(
        kind=BlockKind.SLICE,
        calls_min=_least(profile.warmup_calls, call_ns),
        calls_max=room(profile.warmup_ns, call_ns),
        duration_ns=profile.warmup_ns,
    )


def plain(scenario: Scenario, profile: Profile, call_ns: float) -> Stretch:
    """Return the block that a case is measured in: offline a window, else a slice."""
    if scenario is Scenario.OFFLINE:
        kind, duration_ns, calls_min = BlockKind.WINDOW, profile.window_ns, 1
    else:
        kind, duration_ns = BlockKind.SLICE, profile.slice_ns
        calls_min = _least(SLICE_CALLS, call_ns)
    return Stretch(
        kind=kind,
        calls_min=calls_min,
        calls_max=max(calls_min, room(duration_ns, call_ns)),
        duration_ns=duration_ns,
    )


def _least(wanted: int, call_ns: float) -> int:
    return min(wanted, max(1, int(SLICE_LIMIT_NS / call_ns)))
