"""Import of any meter's readings from a CSV file that its logger writes meanwhile."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...harness.alignment import align
from ...harness.errors import InputError, MeterError
from ...harness.meter import Load, PowerMeter, Recording, Scope, Specification
from ...harness.option import Option
from ...harness.values import Clock, Series, Setting
from .table import TIME_UNITS, UNITS, Columns, Table, read_table

MARKER, UNIX = "marker", "unix"
POLL_S = 0.2

TAIL_BYTES = 1 << 20
"""What of a log shows how often it is renewed; it may be days long."""

UPDATE_NS_MAX = 10_000_000_000
"""A case would take over half an hour; more likely the unit of the times is wrong."""


def _text(name: str, help: str, default: str = "") -> Option:
    return Option(name=name, kind=str, default=default, help=help)


def _unit(name: str, default: str, of: str) -> Option:
    return Option(
        name=name, kind=str, default=default, help="its unit", choices=tuple(UNITS[of])
    )


def _number(name: str, default: float, help: str, maximum: float = 1e12) -> Option:
    return Option(
        name=name, kind=float, default=default, help=help, minimum=0, maximum=maximum
    )


class CsvFile(PowerMeter):
    """Whatever wrote the file; its scope and accuracy are told by the sweep."""

    name = "csv"
    options = (
        _text("path", "the file that the meter's logger writes"),
        Option(
            name="scope",
            kind=str,
            default="wall",
            help="what the meter measures",
            choices=tuple(scope.value for scope in Scope),
        ),
        _number("accuracy", 0.0, "largest relative error that its maker states", 1.0),
        _number("offset_w", 0.0, "largest error besides, in watts"),
        _text("time", "the column of the times", "time"),
        Option(
            name="time_unit",
            kind=str,
            default="s",
            help="their unit; iso: 2026-01-31T12:00:00.5+00:00",
            choices=TIME_UNITS,
        ),
        _text("power", "the column of the power"),
        _unit("power_unit", "W", "power"),
        _text("voltage", "the column of the voltage, with that of the current"),
        _unit("voltage_unit", "V", "voltage"),
        _text("current", "the column of the current"),
        _unit("current_unit", "A", "current"),
        _text("energy", "the column of an energy counter"),
        _unit("energy_unit", "J", "energy"),
        _number("range_j", 0.0, "where the counter begins anew, in joules; 0: never"),
        _number("update_ms", 0.0, "how often it is renewed; 0: as often as it stands"),
        _number("sampled_fraction", 1.0, "share of that time that it looks", 1.0),
        _number("memory_ms", 0.0, "how long it remembers a change of load"),
        Option(
            name="clock",
            kind=str,
            default=MARKER,
            help="marker: found from a pattern in the load; unix: times are Unix time",
            choices=(MARKER, UNIX),
        ),
        _number("clock_error_ms", 0.0, "by how much a Unix time may be wrong"),
        _number("wait_s", 5.0, "how long the logger may lag behind", 600.0),
    )
    required = ("path", "scope", "accuracy")

    def __init__(
        self, settings: Mapping[str, Setting] | None = None, python: str | None = None
    ) -> None:
        """Keep the options; the file is first opened when recording begins."""
        super().__init__(settings, python)
        self.wants_marker = self.settings["clock"] == MARKER
        self._path = Path(str(self.settings["path"]))
        self._begin = 0

    @classmethod
    def mistakes(cls, settings: Mapping[str, Setting]) -> list[tuple[str, str]]:
        """Return what options contradict one another: exactly one quantity is read."""
        product = ("voltage", "current")
        given = [name for name in ("power", "energy") if settings.get(name)]
        if any(settings.get(name) for name in product):
            given.append("voltage and current")
        found = []
        if len(given) != 1:
            told = " and ".join(given) or "none"
            found.append(
                ("power", "give one of power, energy, voltage with current; " + told)
            )
        elif given == ["voltage and current"] and not all(map(settings.get, product)):
            found.append(("current", "voltage and current go together; give both"))
        if settings.get("clock") == UNIX and not settings.get("clock_error_ms"):
            found.append(
                ("clock_error_ms", "say by how much a Unix time may be wrong (NTP)")
            )
        return found

    def specifications(self) -> tuple[Specification, ...]:
        """Return the one channel, its update period as in the file until now."""
        size = self._path.stat().st_size if self._path.exists() else 0
        table = self._read(max(0, size - TAIL_BYTES))
        update_ns = float(self.settings["update_ms"]) * 1e6
        if not update_ns and len(table.times_ns) > 1:
            update_ns = float(np.median(np.diff(table.times_ns)))
        if not update_ns:
            raise MeterError(
                f"{str(self._path)!r}: fewer than two rows, so its update period is "
                "not known; start the logger first, or give update_ms"
            )
        if update_ns > UPDATE_NS_MAX:
            raise MeterError(
                f"{str(self._path)!r}: a reading every {update_ns / 1e9:g} s is too "
                f"slow, {UPDATE_NS_MAX / 1e9:g} s is the most; is time_unit right?"
            )
        settings = self.settings
        return (
            Specification(
                meter=self._path.name,
                channel=table.name,
                scope=Scope(str(settings["scope"])),
                update_ns=max(1, int(update_ns)),
                gain=float(settings["accuracy"]),
                offset_w=float(settings["offset_w"]),
                source="the sweep file",
                sampled_fraction=float(settings["sampled_fraction"]),
                memory_ns=int(float(settings["memory_ms"]) * 1e6),
                range_j=float(settings["range_j"]) or None,
            ),
        )

    def start(self) -> None:
        """Remember where the file ends: what stands before is another time."""
        self._channel = self.specifications()[0]
        self._begin = self._path.stat().st_size

    def stop(self, load: Load) -> tuple[Recording, ...]:
        """Wait for the logger, then read what it wrote and align its clock.

        Raises:
            MeterError: the file cannot be read, or its clock not be aligned.
        """
        table = self._awaited(load)
        if len(table.times_ns) < 2:
            raise MeterError(
                f"{str(self._path)!r} got {len(table.times_ns)} rows while the load "
                "lasted; is the logger running?"
            )
        try:
            offset_ns, error_ns, how = self._clock(table, load)
        except InputError as exc:
            raise MeterError(f"{str(self._path)!r}: {exc}") from exc
        series = Series(
            quantity=table.quantity,
            unit="J" if table.quantity == "energy" else "W",
            values=table.values,
            times=table.times_ns,
            clock=Clock.DEVICE,
        )
        return (
            Recording(
                specification=self._channel,
                series=series,
                clock_offset_ns=offset_ns,
                clock_error_ns=error_ns,
                clock=how,
            ),
        )

    def _awaited(self, load: Load) -> Table:
        """Return the table once it reaches the load's end, or the wait is over.

        Where only the marker will tell the clock, a row written after the end shows
        that all before it are there.
        """
        deadline = time.monotonic() + float(self.settings["wait_s"])
        last_unix_ns = load.end_ns + load.unix_ns + self._channel.update_ns
        size = self._path.stat().st_size if self._path.exists() else 0
        while True:
            table = self._read(self._begin)
            reached = len(table.times_ns) and table.times_ns[-1] >= last_unix_ns
            grown = self.wants_marker and table.end > size
            if reached or grown or time.monotonic() >= deadline:
                return table
            time.sleep(POLL_S)

    def _clock(self, table: Table, load: Load) -> tuple[int, int, str]:
        """Return offset, its limit of error and how these are known."""
        if not self.wants_marker:
            error_ns = int(float(self.settings["clock_error_ms"]) * 1e6)
            return -load.unix_ns, error_ns, "Unix time, its error given by the sweep"
        times, power = table.times_ns.astype(np.float64), table.values
        window_ns = self._channel.update_ns * self._channel.sampled_fraction
        if table.quantity == "energy":
            gained = np.diff(table.values)
            if self._channel.range_j:
                gained = np.where(gained < 0, gained + self._channel.range_j, gained)
            power = gained / np.diff(times) * 1e9
            times, window_ns = times[1:], float(self._channel.update_ns)
        base = times[0]
        begin_ns, end_ns = load.span_ns
        slack = 10.0 * self._channel.update_ns
        length = times[-1] - base
        found = align(
            times - base,
            power,
            load.busy,
            window_ns,
            (end_ns - length - slack, begin_ns + slack),
            load.span_ns,
        )
        how = f"from the load's pattern, which explains {found.explained:.1%}"
        return int(found.offset_ns - base), found.error_ns, how

    def _read(self, begin: int) -> Table:
        settings = {name: str(value) for name, value in self.settings.items()}
        columns = Columns(
            time=settings["time"],
            time_unit=settings["time_unit"],
            quantities={
                name: (settings[name], settings[f"{name}_unit"])
                for name in ("power", "voltage", "current", "energy")
                if settings[name]
            },
        )
        return read_table(self._path, columns, begin)
