"""Power or energy over time from a CSV file; its bytes are not trusted."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...harness.errors import MeterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE_BYTES_MAX = 256 << 20
HEADER_BYTES_MAX = 64 << 10
FIELD_CHARACTERS_MAX = 4096
VALUE_MAX = 1e15
"""In SI units, of either sign; what is beyond is no reading: its square overflows."""

TIME_NS_MAX = 2**62
"""About 146 years: an offset can still be added to it in 64 bits."""

BAD_SHARE_MAX = 0.05
"""More rows without numbers than this are no log of a meter."""

UNITS: Mapping[str, Mapping[str, float]] = {
    "power": {"W": 1.0, "mW": 1e-3, "uW": 1e-6, "kW": 1e3},
    "voltage": {"V": 1.0, "mV": 1e-3},
    "current": {"A": 1.0, "mA": 1e-3, "uA": 1e-6},
    "energy": {"J": 1.0, "mJ": 1e-3, "uJ": 1e-6, "Wh": 3600.0, "mWh": 3.6},
}
_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
TIME_UNITS = (*_NS, "iso")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns to read: names, or numbers from 1, each with its unit."""

    time: str
    time_unit: str
    quantities: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """``power`` in W or ``energy`` in J with times in ns; ``end`` is in bytes."""

    name: str
    quantity: str
    times_ns: NDArray[np.int64]
    values: NDArray[np.float64]
    end: int


def read_table(path: Path, columns: Columns, begin: int = 0) -> Table:
    """Return the rows of a file from a byte on; torn lines at both ends are left out.

    Raises:
        MeterError: the file cannot be read, is too large, lacks a column, holds rows
            without numbers, or times that go back.
    """
    where = repr(str(path))
    try:
        with path.open("rb") as stream:
            header = stream.readline(HEADER_BYTES_MAX)
            while header.startswith(b"#") or header.strip() in (b"", b"\xef\xbb\xbf"):
                if not header:
                    break
                header = stream.readline(HEADER_BYTES_MAX)
            if begin > stream.tell():
                # A logger writes by the buffer: a byte may lie amidst a line.
                stream.seek(begin - 1)
                while not (torn := stream.readline(HEADER_BYTES_MAX)).endswith(b"\n"):
                    if not torn:
                        break
            content = stream.read(SIZE_BYTES_MAX + 1)
            end = stream.tell()
    except (OSError, ValueError) as exc:  # a name may hold a zero byte
        told = getattr(exc, "strerror", None) or exc
        raise MeterError(
            f"{where} cannot be read: {told}; start the logger first"
        ) from exc
    if len(content) > SIZE_BYTES_MAX:
        raise MeterError(f"{where} grew by over {SIZE_BYTES_MAX >> 20} MiB; cut it")
    content = content[: content.rfind(b"\n") + 1]
    delimiter, names = _header(header)
    wanted = {"time": columns.time}
    wanted |= {name: column for name, (column, _) in columns.quantities.items()}
    places = {key: _place(where, name, names) for key, name in wanted.items()}
    lines = io.StringIO(content.decode("utf-8", "replace"), newline="")
    rows = csv.reader(_short(where, lines), delimiter=delimiter)
    times, numbers = _numbers(where, rows, places, columns)
    quantity = "energy" if "energy" in columns.quantities else "power"
    return Table(
        name=" x ".join(column for column, _ in columns.quantities.values()),
        quantity=quantity,
        times_ns=times,
        values=numbers.prod(axis=1) if len(numbers) else np.empty(0),
        end=end,
    )


def _header(line: bytes) -> tuple[str, list[str]]:
    """Return the delimiter, of three the most frequent, and the columns' names."""
    text = line.decode("utf-8-sig", "replace").strip()
    delimiter = max(",;\t", key=text.count)
    return delimiter, [name.strip().strip('"') for name in text.split(delimiter)]


def _place(where: str, name: str, names: Sequence[str]) -> int:
    if name in names:
        return names.index(name)
    if name.isdecimal() and 1 <= int(name) <= len(names):
        return int(name) - 1
    listed = ", ".join(repr(found[:40]) for found in names[:20])
    raise MeterError(f"{where} has no column {name!r}; it has: {listed}")


def _short(where: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if len(line) > FIELD_CHARACTERS_MAX:
            raise MeterError(
                f"{where}: a line of {len(line)} characters; "
                f"{FIELD_CHARACTERS_MAX} at most are read"
            )
        if not line.startswith("#") and line.strip():
            yield line.replace("\0", "")


def _numbers(
    where: str,
    rows: Iterable[list[str]],
    places: Mapping[str, int],
    columns: Columns,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return times (n,) in ns and quantities (n, k) in SI units."""
    factors = [UNITS[q][unit] for q, (_, unit) in columns.quantities.items()]
    taken = [places[name] for name in columns.quantities]
    times: list[int] = []
    found: list[list[float]] = []
    bad = again = 0
    for row in _parsed(where, rows):
        try:
            moment = _time_ns(row[places["time"]], columns.time_unit)
            pairs = zip(taken, factors, strict=True)
            numbers = [_value(row[at], factor) for at, factor in pairs]
        except (ValueError, IndexError, OverflowError):
            bad += 1
            continue
        if times and moment <= times[-1]:
            if moment < times[-1]:
                raise MeterError(
                    f"{where}: time {row[places['time']]!r} comes after a later one; "
                    "rows must be in order of time"
                )
            again += 1
            continue
        times.append(moment)
        found.append(numbers)
    if bad > BAD_SHARE_MAX * (bad + len(times)) and bad > 1:
        raise MeterError(
            f"{where}: {bad} of {bad + len(times)} rows hold no numbers where they "
            "should; check the columns and time_unit"
        )
    if again > BAD_SHARE_MAX * (again + len(times)) and again > 1:
        raise MeterError(
            f"{where}: {again} rows have the time of the row before; let the logger "
            "write times fine enough to tell its readings apart"
        )
    table = np.array(found, dtype=np.float64).reshape(len(found), len(taken))
    return np.array(times, dtype=np.int64), table


def _parsed(where: str, rows: Iterable[list[str]]) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as exc:
        raise MeterError(f"{where} is no CSV: {exc}; is a quote not closed?") from exc


def _time_ns(text: str, unit: str) -> int:
    moment_ns = _any_time_ns(text, unit)
    if abs(moment_ns) > TIME_NS_MAX:
        raise ValueError(text)
    return moment_ns


def _any_time_ns(text: str, unit: str) -> int:
    if unit == "iso":
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            raise ValueError(text)
        epoch = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
        spent = moment - epoch
        return (spent.days * 86_400 + spent.seconds) * 10**9 + spent.microseconds * 1000
    # Whole and broken seconds apart: a float cannot hold Unix time in nanoseconds.
    whole, _, broken = text.strip().partition(".")
    if broken.isdecimal() and whole.lstrip("-").isdecimal() and whole[:1] != "-":
        return int(whole) * _NS[unit] + round(float("0." + broken) * _NS[unit])
    return round(float(text) * _NS[unit])


def _value(text: str, factor: float) -> float:
    value = float(text) * factor
    if not abs(value) <= VALUE_MAX:  # nor is NaN
        raise ValueError(text)
    return value
