"""The energy phase of a case: idle, at work, idle again, while its meters record.

::

    settle | idle | marker, if asked for | settle | busy x REPEATS | settle | idle

The idle baseline is taken with the workers open and the model loaded, before and after.
The busy stretches are taken by the workers in turn. ``harness/power.py`` reads what is
kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .clocks import Ahead, ahead
from .energy import UPDATES_MIN
from .errors import MeterError
from .marks import Window, marked_windows
from .meter import Load, PowerMeter, Recording, told
from .power import METERING
from .stretches import CALLS_MAX
from .values import Block, BlockKind, Phase, Series
from .worker import Measured, Stretch, Worker

REPEATS = 10
"""Busy stretches: their scatter tells how far one can be trusted."""

SPARE = 1.25
"""Room for readings that are dropped."""

SETTLE_NS = 100_000_000
MARKER = (1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0, 1)
"""Barker's code of length 13: shifted against itself it agrees with itself least."""

MARKER_UPDATES = 5
"""How long one step of the marker lasts, in updates of the slowest meter."""

MARKER_NS = 200_000_000
"""How long one step of the marker lasts at least."""


Keep = Callable[[Measured, int], int]
"""Keep a busy stretch of one of the workers, by its place; return the block's index."""


@dataclass(slots=True, kw_only=True)
class Metering:
    """One energy phase and what came of it.

    Times are on the machine's monotonic clock. ``marked`` are the busy stretches that
    the device marked on a pin, ``windows`` by a recording's place when its meter saw
    the kept ones. ``missing`` says of each meter that told nothing why.
    """

    meters: Sequence[PowerMeter]
    energy_ns: int
    busy: list[Window] = field(default_factory=list)
    marked: list[Window] = field(default_factory=list)
    idle: list[Window] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    windows: dict[int, list[Window]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    began_ns: int | None = None

    def run(self, workers: Sequence[Worker], stretch: Stretch, keep: Keep) -> None:
        """Go through the phase; without a meter that can be read, only say why.

        Raises:
            TierbenchError: a worker failed.
        """
        machine = workers[0].machine
        found = [meter for meter in self.meters if self._usable(meter, machine)]
        try:
            started = [meter for meter in found if self._started(meter)]
            if started:
                self._load(started, workers, stretch, keep)
        finally:
            for meter in self.meters:
                meter.close()

    def _usable(self, meter: PowerMeter, machine: str | None) -> bool:
        if meter.machine not in (None, machine):
            why = f"it reads {meter.machine}, and the target runs elsewhere"
            self._miss(meter, why)
            return False
        try:
            reason = None if meter.specifications() else meter.missing()
            if meter.specifications():
                return True
        except MeterError as exc:
            reason = str(exc)
        self._miss(meter, reason or "it has nothing to read")
        return False

    def _started(self, meter: PowerMeter) -> bool:
        try:
            meter.start()
        except MeterError as exc:
            self._miss(meter, str(exc))
            return False
        return True

    def _load(
        self,
        meters: Sequence[PowerMeter],
        workers: Sequence[Worker],
        stretch: Stretch,
        keep: Keep,
    ) -> None:
        """Let the device idle and work, then take what the meters recorded."""
        channels = [(m, one) for m in meters for one in m.specifications()]
        update_ns = max(max(m.period_ns, one.update_ns) for m, one in channels)
        memory_ns = max(one.memory_ns for _, one in channels)
        settle_ns = max(SETTLE_NS, memory_ns + 2 * update_ns)
        length_ns = max(self.energy_ns, int(SPARE * UPDATES_MIN * update_ns))
        stretch = replace(stretch, calls_min=1, calls_max=CALLS_MAX)
        unix_ns = time.time_ns() - time.monotonic_ns()
        is_away = workers[0].machine is not None
        began = clock = ahead(workers[0].now_ns) if is_away else None
        try:
            self._rest(workers[0], settle_ns, length_ns // 2)
            if any(meter.wants_marker for meter in meters):
                step_ns = max(MARKER_NS, MARKER_UPDATES * update_ns)
                self._mark(workers[0], stretch, step_ns)
            self._work(workers[0], stretch, settle_ns)
            for turn in range(REPEATS):
                place = turn % len(workers)
                measured = self._work(workers[place], stretch, length_ns // REPEATS)
                self.blocks.append(keep(measured, place))
            self._rest(workers[0], settle_ns, length_ns // 2)
            workers[0].rest(settle_ns)
            if began is not None:
                clock = began.between(ahead(workers[0].now_ns))
        finally:
            for meter in meters:
                self._stop(meter, None if meter.machine else clock, unix_ns)

    def _rest(self, worker: Worker, settle_ns: int, idle_ns: int) -> None:
        began_ns = worker.rest(settle_ns)
        if self.began_ns is None:
            self.began_ns = began_ns
        began_ns = worker.rest(idle_ns)
        self.idle.append((began_ns, began_ns + idle_ns))

    def _mark(self, worker: Worker, stretch: Stretch, step_ns: int) -> None:
        """Show the marker: work where it is 1, rest where it is 0."""
        for high in MARKER:
            if high:
                self._work(worker, stretch, step_ns)
            else:
                worker.rest(step_ns)

    def _work(self, worker: Worker, stretch: Stretch, length_ns: int) -> Measured:
        measured = worker.block(replace(stretch, duration_ns=length_ns))
        began_ns = measured.started_ns
        self.busy.append((began_ns, began_ns + measured.elapsed_ns))
        if measured.marked:
            self.marked.append(self.busy[-1])
        return measured

    def _stop(self, meter: PowerMeter, clock: Ahead | None, unix_ns: int) -> None:
        """Take what a meter recorded; one on this host's clock is told that of it."""
        load = Load(busy=tuple(self.busy), idle=tuple(self.idle), unix_ns=unix_ns)
        if clock is not None:
            load = load.moved(-clock.offset_ns)
        try:
            for recording in meter.stop(load):
                if clock is not None:
                    recording = _moved(recording, clock)
                windows = self._windows(recording)
                self.windows[len(self.recordings)] = windows
                self.recordings.append(recording)
        except MeterError as exc:
            self._miss(meter, str(exc))

    def _windows(self, recording: Recording) -> list[Window]:
        """Return when the kept stretches began and ended, [] where the harness knows.

        Raises:
            MeterError: only the device knows, and the meter did not see its pin.
        """
        if not self.marked:
            return []
        if recording.falls_ns is None:
            raise MeterError(
                "the device tells no times but marks its work on a pin, and this meter "
                "sees none; use one that does, as joulescope with its option marks"
            )
        falls = [fall + recording.clock_offset_ns for fall in recording.falls_ns]
        return marked_windows(falls, self.marked)[len(self.marked) - len(self.blocks) :]

    def _miss(self, meter: PowerMeter, reason: str) -> None:
        """Note why a meter told nothing; two of one kind may each have a reason."""
        told = self.missing.get(meter.name, "")
        if reason not in told:
            self.missing[meter.name] = f"{told}; {reason}" if told else reason

    def block(self, index: int, worker: int, offset_ns: Callable[[int], int]) -> Block:
        """Return what was recorded as a block without calls, on the run's timeline."""
        base_ns = offset_ns(0)
        began_ns = self.began_ns
        return Block(
            index=index,
            worker=worker,
            round=-1,
            kind=BlockKind.WINDOW,
            phase=Phase.ENERGY,
            started_at_ns=time.time_ns(),
            offset_ns=0 if began_ns is None else max(0, began_ns + base_ns),
            elapsed_ns=0,
            calls=0,
            series=tuple(_placed(one, base_ns) for one in self.recordings),
            context={METERING: self._context(base_ns)},
        )

    def _context(self, base_ns: int) -> Mapping[str, Any]:
        """Return what it takes to read the series, as plain values."""
        return {
            "blocks": list(self.blocks),
            "idle": [[begin + base_ns, end + base_ns] for begin, end in self.idle],
            "channels": [
                _plain(recording, self.windows.get(place, []), base_ns)
                for place, recording in enumerate(self.recordings)
            ],
            "missing": dict(self.missing),
        }


def _moved(recording: Recording, clock: Ahead) -> Recording:
    """Return what was recorded beside this host's clock, beside the machine's."""
    return replace(
        recording,
        clock_offset_ns=recording.clock_offset_ns + clock.offset_ns,
        clock_error_ns=recording.clock_error_ns + clock.error_ns,
        clock=f"{recording.clock}; this host's and the machine's by round trips",
    )


def _placed(recording: Recording, base_ns: int) -> Series:
    """Return what a channel told with times on the run's timeline, less failures."""
    series = recording.series
    known = np.isfinite(series.values)
    times = np.asarray(series.times)[known] + recording.clock_offset_ns + base_ns
    return replace(
        series,
        values=np.asarray(series.values, dtype=np.float64)[known],
        times=np.asarray(times, dtype=np.int64),
    )


def _plain(
    recording: Recording, windows: Sequence[Window], base_ns: int
) -> dict[str, Any]:
    marked = [[begin + base_ns, end + base_ns] for begin, end in windows]
    return {
        **told(recording.specification),
        **({"windows": marked} if marked else {}),
        "late_ns": recording.late_ns,
        "clock": recording.clock,
        "clock_offset_ns": recording.clock_offset_ns,
        "clock_error_ns": recording.clock_error_ns,
    }


def readable(meter: PowerMeter) -> bool:
    """Return whether a meter tells anything now; why not, its phase will tell."""
    try:
        return bool(meter.specifications())
    except MeterError:
        return False
    finally:
        meter.close()
