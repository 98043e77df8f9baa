"""Whether a device was slowed down while a case was measured, and by what evidence.

A device is ``clean`` only where something that would have told of throttling was read
in most blocks. A clock counts only while what it drives works: an idle device lowers
its clock and is not throttled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .device import quantities as q
from .traces import Part, Trace, Traces, traces
from .values import Block, Phase

if TYPE_CHECKING:
    from numpy.typing import NDArray

DROP_SHARE = 0.07
"""A sustained clock that falls by more has dropped. Two steps of 100 MHz at 3 GHz, as
turbo clocks take them with the number of busy processors, are less; a fall of 10 % is
found though each of two readings errs by 1.5 %."""

HOT_DROP_SHARE = 0.03
"""The same for a clock that falls while the temperature rises by ``RISE_K``."""

RISE_K = 5.0
LIMIT_SHARE = 0.01
SUSTAINED = 3
"""Levels in a row whose median is a sustained clock: one odd reading is none."""

LEVEL_NS = 1_000_000_000
"""A longer block has a level for each such part of it. Where that holds few readings,
as in a sustained run, equal parts have at least ``SUSTAINED`` each: among levels of
one reading, half an hour has two odd ones in three by chance."""

BUSY_SHARE = 0.5
SEEN_SHARE = 0.5
"""Share of the blocks in which a sensor must have been read to prove anything."""

NO_SENSOR = "the target has no sensor that tells"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``clean``, ``throttled`` or ``unknown``, with the evidence or what is missing."""

    state: str
    reason: str


class Levels(NamedTuple):
    """A clock while it worked: the highest reading of each block or part of one."""

    clock_hz: NDArray[np.float64]
    measured: NDArray[np.bool_]
    """Which of them belong to a measured block rather than to a warm-up."""

    blocks: int
    """How many measured blocks have a level."""


def throttling(
    blocks: Sequence[Block], missing: Mapping[str, str] | None = None
) -> Verdict:
    """Return the verdict on a case's blocks, warm-up included.

    Args:
        blocks: in the order of measuring, with what the monitor saw.
        missing: why a reader could not be opened, by its module.
    """
    # The energy phase is not watched: its meters must see the load alone.
    unwatched = (Phase.WARMUP, Phase.DEVICE, Phase.ENERGY)
    measured = [block for block in blocks if block.phase not in unwatched]
    flags = [b.context["throttled"] for b in blocks if "throttled" in b.context]
    found = traces(blocks)
    evidence = [*_told(flags), *_evidence(found)]
    if evidence:
        return Verdict(state="throttled", reason="; ".join(evidence))
    sound = list(_sound(found, len(measured)))
    if flags:
        sound.append(f"the device did not throttle in any of {len(flags)} blocks")
    if sound:
        return Verdict(state="clean", reason="; ".join(sound))
    return Verdict(state="unknown", reason=_why_unknown(found, missing or {}))


def _told(flags: Sequence[bool]) -> Iterator[str]:
    share = sum(map(bool, flags)) / len(flags) if flags else 0
    if share:
        yield f"the device throttled in {share:.0%} of blocks"


def _evidence(found: Traces) -> Iterator[str]:
    """Yield all that speaks for throttling."""
    judges: dict[str, Callable[[Trace, Traces], str | None]] = {
        q.CLOCK: _dropped,
        q.CLOCK_LIMIT: _limited,
        q.POWER_LIMIT: _limited,
        q.TEMPERATURE: _heated,
        q.MARGIN: _tripped,
        q.THROTTLE: _flagged,
        q.THROTTLE_COUNT: _counted,
        q.GOVERNOR: _changed,
        q.BOOST: _changed,
        q.POWER_MODE: _changed,
    }
    for trace in found.values():
        judge = judges.get(trace.quantity)
        told = judge(trace, found) if judge else None
        if told:
            yield told


def _dropped(trace: Trace, found: Traces) -> str | None:
    levels = levels_of(trace, found)
    if len(levels.clock_hz) < SUSTAINED or not _worked(levels, trace):
        return None
    windows = np.lib.stride_tricks.sliding_window_view(levels.clock_hz, SUSTAINED)
    sustained = np.median(windows, axis=1)
    highest = np.maximum.accumulate(sustained)
    ours = np.lib.stride_tricks.sliding_window_view(levels.measured, SUSTAINED)
    left = np.where(ours.all(axis=1), sustained / highest, 1.0)
    worst = int(np.argmin(left))
    if left[worst] > 1 - DROP_SHARE:
        return None
    return (
        f"the clock of {trace.name} fell by {1 - left[worst]:.0%} while it worked, "
        f"from {_ghz(highest[worst])} to {_ghz(sustained[worst])} GHz"
    )


def _heated(trace: Trace, found: Traces) -> str | None:
    """Return how the temperature kept rising while a clock fell."""
    pieces = (piece for part in _measured(trace) for piece in _pieces(part))
    celsius = np.array([float(np.median(piece)) for piece in pieces])
    if len(celsius) < 2 * SUSTAINED:
        return None
    rise = _late(celsius) - _early(celsius)
    if rise < RISE_K:
        return None
    for clock in (each for each in found.values() if each.quantity == q.CLOCK):
        levels = levels_of(clock, found)
        hertz = levels.clock_hz[levels.measured]
        if len(hertz) < 2 * SUSTAINED or not _worked(levels, clock):
            continue
        fall = 1 - _late(hertz) / _early(hertz)
        if fall >= HOT_DROP_SHARE:
            return (
                f"{trace.name} warmed by {rise:.0f} K while the clock of {clock.name} "
                f"fell by {fall:.0%}"
            )
    return None


def _tripped(trace: Trace, found: Traces) -> str | None:
    nearest = [float(part.values.min()) for part in _measured(trace)]
    if not nearest or min(nearest) > 0:
        return None
    share = sum(margin <= 0 for margin in nearest) / len(nearest)
    return f"{trace.name} was at its trip point in {share:.0%} of blocks"


def _flagged(trace: Trace, found: Traces) -> str | None:
    """Return in how many blocks a reason was set, during or right after them."""
    seen = [bool((part.values[part.times >= 0] > 0).any()) for part in _measured(trace)]
    if not any(seen):
        return None
    return f"{trace.name} in {sum(seen) / len(seen):.0%} of blocks"


def _counted(trace: Trace, found: Traces) -> str | None:
    """Return by how much a counter grew in blocks: what lies between is not ours."""
    grown = sum(max(0.0, p.values[-1] - p.values[0]) for p in _measured(trace))
    return f"the throttle count of {trace.name} grew by {grown:g}" if grown else None


def _changed(trace: Trace, found: Traces) -> str | None:
    values = trace.values
    if (values == values[0]).all():
        return None
    other = values[values != values[0]][0]
    told = f"{setting(trace.quantity, values[0])} to {setting(trace.quantity, other)}"
    return f"the {trace.quantity.replace('_', ' ')} of {trace.name} changed from {told}"


def _limited(trace: Trace, found: Traces) -> str | None:
    low, high = float(trace.values.min()), float(trace.values.max())
    if low >= (1 - LIMIT_SHARE) * high:
        return None
    scale, unit = (1e9, "GHz") if trace.unit == "Hz" else (1.0, trace.unit)
    what = trace.quantity.replace("_", " ")
    told = f"{high / scale:.3g} and {low / scale:.3g} {unit}"
    return f"the {what} of {trace.name} changed between {told}"


def _sound(found: Traces, blocks: int) -> Iterator[str]:
    """Yield what would have told of throttling and did not."""
    for trace in found.values():
        if trace.quantity == q.CLOCK:
            levels = levels_of(trace, found)
            hertz = levels.clock_hz[levels.measured]
            if len(hertz) >= SUSTAINED and levels.blocks >= SEEN_SHARE * blocks:
                yield f"{trace.name} worked at {_range(hertz)} GHz throughout"
    for quantity, words in (
        (q.THROTTLE, "no reason for throttling was set"),
        (q.THROTTLE_COUNT, "no throttle count grew"),
    ):
        needed = 2 if quantity == q.THROTTLE_COUNT else 1
        seen = [
            sum(len(part.values) >= needed for part in _measured(trace))
            for trace in found.values()
            if trace.quantity == quantity
        ]
        if max(seen, default=0) >= max(1, SEEN_SHARE * blocks):
            yield words


def _why_unknown(found: Traces, missing: Mapping[str, str]) -> str:
    """Return what is missing, and why: a reader may also have died on the way."""
    whys = list(dict.fromkeys(missing.values()))
    if any(trace.quantity == q.CLOCK for trace in found.values()):
        whys.insert(0, "the clock was read in too few blocks while the device worked")
    elif found:
        told = "what could be read tells neither a clock nor a reason for throttling"
        whys.insert(0, told)
    return "; ".join(whys) or NO_SENSOR


def levels_of(trace: Trace, found: Traces) -> Levels:
    """Return a clock's levels while what it drives worked."""
    busy = found.get((q.BUSY, trace.name))
    shares = {part.block.index: part for part in busy.parts} if busy else {}
    hertz, measured, blocks = [], [], 0
    for part in trace.parts:
        # A clock that stands still is gated: what it drives does nothing just then.
        worked = part.during & (part.values > 0) & _working(part, shares)
        ours = part.block.phase is not Phase.WARMUP
        for piece in _pieces(part, worked):
            hertz.append(float(piece.max()))
            measured.append(ours)
        blocks += ours and bool(worked.any())
    return Levels(np.array(hertz), np.array(measured, dtype=bool), blocks)


def _pieces(
    part: Part, chosen: NDArray[np.bool_] | slice = slice(None)
) -> Iterator[NDArray[np.float64]]:
    """Yield the chosen readings of each part of a block that is one level long."""
    times, values = part.times[chosen], part.values[chosen]
    if not len(times):
        return
    places = np.maximum(times, 0) // _level_ns(part)
    if places[0] == places[-1]:
        yield values
        return
    for place in np.unique(places):
        yield values[places == place]


def _level_ns(part: Part) -> float:
    """Return how long a level of a block is."""
    span_ns = float(part.times[-1] - part.times[0])
    held_ns = SUSTAINED * span_ns / max(1, len(part.times) - 1)
    if held_ns <= LEVEL_NS:
        return LEVEL_NS
    whole_ns = max(float(part.times[-1]) + 1, held_ns)
    return whole_ns / max(1, whole_ns // held_ns)


def _working(part: Part, shares: Mapping[int, Part]) -> NDArray[np.bool_]:
    """Return at which readings the device worked; a block is work where none tells."""
    told = shares.get(part.block.index)
    if told is None:
        return np.ones(len(part.times), dtype=bool)
    works = dict(zip(told.times.tolist(), told.values >= BUSY_SHARE, strict=True))
    return np.array([works.get(time, True) for time in part.times.tolist()], dtype=bool)


def _worked(levels: Levels, trace: Trace) -> bool:
    """Return whether what a clock drives is what did the work, not a bystander."""
    return levels.blocks >= SEEN_SHARE * len(list(_measured(trace)))


def _measured(trace: Trace) -> Iterator[Part]:
    return (part for part in trace.parts if part.block.phase is not Phase.WARMUP)


def _early(values: NDArray[np.float64]) -> float:
    return float(np.median(values[: max(SUSTAINED, len(values) // 4)]))


def _late(values: NDArray[np.float64]) -> float:
    return float(np.median(values[-max(SUSTAINED, len(values) // 4) :]))


def setting(quantity: str, value: float) -> str:
    """Return a setting in words: a governor's name, or the number."""
    if quantity != q.GOVERNOR:
        return f"{value:g}"
    known = 0 <= value < len(q.GOVERNORS)
    return q.GOVERNORS[int(value)] if known else "another"


def _ghz(hertz: float) -> str:
    return f"{hertz / 1e9:.2f}"


def _range(hertz: NDArray[np.float64]) -> str:
    low, high = _ghz(float(hertz.min())), _ghz(float(hertz.max()))
    return low if low == high else f"{low} to {high}"
