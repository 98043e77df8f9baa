"""A meter's CSV, written while the load lasts, in whatever units and clock."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.known_power import Seen, pulses

from tierbench.harness.errors import MeterError, TierbenchError
from tierbench.harness.meter import Load, Recording
from tierbench.harness.metering import MARKER
from tierbench.harness.readings import curve_of
from tierbench.targets.meters.csv_file import CsvFile
from tierbench.targets.meters.table import Columns, Table, read_table

S = 10**9
UNIX_NS = 1_790_000_000 * S
"""Unix time less the machine's monotonic clock."""

BASE = {"scope": "wall", "accuracy": 0.01, "power": "P", "wait_s": 0.0}


def a_load() -> tuple[Load, np.ndarray, float]:
    moment, edges = 6.0, []
    for high in MARKER:
        if high:
            edges += [moment, moment + 0.499]
        moment += 0.5
    for _ in range(10):
        edges += [moment, moment + 0.999]
        moment += 1.0
    busy = [(int(a * S), int(b * S)) for a, b in np.array(edges).reshape(-1, 2)]
    idle = ((S // 2, 5 * S), (int((moment + 0.5) * S), int((moment + 5) * S)))
    load = Load(busy=tuple(busy), idle=idle, unix_ns=UNIX_NS)
    return load, np.array(edges), moment + 6


def recorded(path: Path, rows: list[str], load: Load, **settings) -> Recording:
    """Return what a meter reads from a file whose rows come after it has started."""
    head, first = rows[0], rows[1:3]
    path.write_text("\n".join([head, *first]) + "\n")
    meter = CsvFile({**BASE, "path": str(path), **settings})
    meter.start()
    with path.open("a") as stream:
        stream.write("\n".join(rows[3:]) + "\n")
    (found,) = meter.stop(load)
    return found


def a_log(skew_s: float = 0.0, unix: bool = False) -> tuple[list, Load, np.ndarray]:
    load, edges, end_s = a_load()
    made = Seen(gain=0, offset_w=0).record(
        np.random.default_rng(2), pulses(3, 9, edges), end_s
    )
    base_ns = UNIX_NS if unix else 0
    times = np.asarray(made.series.times) + base_ns + int(skew_s * S)
    return list(zip(times.tolist(), made.series.values, strict=True)), load, edges


def watts(found: Recording, edges: np.ndarray) -> float:
    begin, end = edges[-20] * S, edges[-1] * S
    return float(curve_of(found).energy_j(begin, end)) / (end - begin) * S


@pytest.mark.parametrize("skew_s", [0.0, 0.5, 123456.25])
def test_a_clock_of_its_own_is_found_from_the_marker(tmp_path, skew_s) -> None:
    log, load, edges = a_log(skew_s)
    rows = ["t;P", *(f"{t / S:.6f};{p:.6f}" for t, p in log)]
    found = recorded(tmp_path / "log.csv", rows, load, time="t")
    assert abs(found.clock_offset_ns + skew_s * S) <= found.clock_error_ns < 0.05 * S
    assert "pattern" in found.clock
    assert watts(found, edges) == pytest.approx(9.0, rel=0.01)
    assert found.specification.update_ns == pytest.approx(0.1 * S, rel=0.01)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "iso"])
def test_unix_time_counts_with_the_error_that_was_given(tmp_path, unit) -> None:
    log, load, edges = a_log(unix=True)

    def moment(ns: int) -> str:
        if unit == "iso":
            return datetime.fromtimestamp(ns / S, UTC).isoformat()
        digits = {"s": 9, "ms": 6, "us": 3, "ns": 0}[unit]
        text = str(ns)
        return f"{text[:-digits]}.{text[-digits:]}" if digits else text

    rows = ["time,P", *(f"{moment(t)},{p:.6f}" for t, p in log)]
    found = recorded(
        tmp_path / "log.csv", rows, load, time_unit=unit, clock="unix",
        clock_error_ms=3.0,
    )  # fmt: skip
    assert found.clock_error_ns == 3_000_000
    assert watts(found, edges) == pytest.approx(9.0, rel=0.01)


@pytest.mark.parametrize(
    ("head", "row", "settings"),
    [
        ("time,P", "{t},{mw}", {"power_unit": "mW"}),
        ("time\tU\tI", "{t}\t5\t{a}", {"power": "", "voltage": "U", "current": "I"}),
        ("time,E", "{t},{wh}", {"power": "", "energy": "E", "energy_unit": "Wh"}),
        ("# a remark\n\ufefftime,x,P", '{t},"a,b",{w}', {}),
        ("time,P", "{t},{w}", {"power": "2"}),
    ],
    ids=["mW", "V x A", "Wh counter", "remark and quotes", "by number"],
)
def test_columns_and_units(tmp_path: Path, head, row, settings) -> None:
    log, load, edges = a_log()
    joules = np.cumsum([p * 0.1 for _, p in log])
    rows = [head] + [
        row.format(t=t / S, w=p, mw=p * 1e3, a=p / 5, wh=j / 3600)
        for (t, p), j in zip(log, joules, strict=True)
    ]
    found = recorded(tmp_path / "log.csv", rows, load, **settings)
    assert watts(found, edges) == pytest.approx(9.0, rel=0.02)


def test_rows_from_before_do_not_count(tmp_path: Path) -> None:
    log, load, _ = a_log()
    path = tmp_path / "log.csv"
    old = [f"{t / S - 1000},99" for t, _ in log]
    path.write_text("\n".join(["time,P", *old]) + "\n")
    meter = CsvFile({**BASE, "path": str(path)})
    meter.start()
    with path.open("a") as stream:
        stream.write("".join(f"{t / S},{p}\n" for t, p in log))
    (found,) = meter.stop(load)
    assert found.series.values.max() < 10


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read"),
        ("", "no column"),
        ("time,W\n1,2\n2,2\n", "no column 'P'; it has: 'time', 'W'"),
        ("time,P\n1,2\n", "fewer than two rows"),
        ("time,P\n2,2\n1,2\n", "comes after a later one"),
        ("time,P\n1,x\n2,y\n3,1\n", "2 of 3 rows hold no numbers"),
        ("time,P\n1,2\n" + "9" * 5000 + ",1\n", "a line of"),
        ("time,P\n1,2\n1,3\n1,4\n2,2\n2,3\n", "time of the row before"),
        ("time,P\n" + "".join(f"{100 * t},2\n" for t in range(9)), "time_unit"),
        ('time,P\n1,2\n2,"2\n' + "3,4\n" * 40_000, "quote not closed"),
    ],
)
def test_files_that_are_no_log_are_refused(tmp_path, text, why) -> None:
    path = tmp_path / "log.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(MeterError, match=why):
        CsvFile({**BASE, "path": str(path)}).specifications()


@pytest.mark.parametrize(
    ("time_unit", "row"),
    [
        ("s", "99999999999999999999.5,2,2"),
        ("iso", "9999-01-01T00:00:00+00:00,2,2"),
        ("s", "5,1e200,1e200"),
        ("s", "5,2,1e308"),
    ],
)
def test_a_number_beyond_all_measure_is_no_reading(tmp_path, time_unit, row) -> None:
    path = tmp_path / "log.csv"
    moments = ("1", "2") if time_unit == "s" else ("2026-01-01T00:00Z",
                                                   "2026-01-02T00:00Z")  # fmt: skip
    rows = [f"{moment},2,2" for moment in moments]
    path.write_text("\n".join(["time,U,I", *rows, row]) + "\n")
    quantities = {"voltage": ("U", "V"), "current": ("I", "A")}
    found = read_table(
        path, Columns(time="time", time_unit=time_unit, quantities=quantities)
    )
    assert found.values.tolist() == [4.0, 4.0]


def test_a_path_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(MeterError, match="cannot be read"):
        CsvFile({**BASE, "path": "a\0b"}).specifications()


@pytest.mark.parametrize("torn", [0, 1, 5, 8, 11])
def test_a_line_that_was_torn_when_recording_began_is_left_out(tmp_path, torn) -> None:
    """A logger writes by the buffer; half of 1000.10 is another, earlier time."""
    path = tmp_path / "log.csv"
    rows = [f"{1000 + place / 10:.2f},5.00\n" for place in range(30)]
    text = "time,P\n" + "".join(rows)
    begin = len("time,P\n") + 10 * len(rows[0]) + torn
    path.write_text(text)
    columns = Columns(time="time", time_unit="s", quantities={"power": ("P", "W")})
    found = read_table(path, columns, begin)
    assert found.times_ns[0] == (1001 if not torn else 1001.1) * S
    assert len(found.times_ns) == (20 if not torn else 19)


def test_of_a_long_log_only_the_end_says_how_often_it_is_renewed(tmp_path) -> None:
    path = tmp_path / "log.csv"
    rows = [f"{place},2.0\n" for place in range(1000)]
    rows += [f"{1000 + place / 10},2.0\n" for place in range(200_000)]
    path.write_text("time,P\n" + "".join(rows))
    taken: list[int] = []

    class Counted(CsvFile):
        def _read(self, begin: int) -> Table:
            table = super()._read(begin)
            taken.append(len(table.times_ns))
            return table

    (found,) = Counted({**BASE, "path": str(path)}).specifications()
    assert found.update_ns == pytest.approx(0.1 * S)
    assert taken[0] < 100_000


def test_a_logger_that_has_stopped_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("time,P\n1,2\n2,2\n3,2\n")
    meter = CsvFile({**BASE, "path": str(path)})
    meter.start()
    with pytest.raises(MeterError, match="is the logger running"):
        meter.stop(a_load()[0])


def test_a_log_of_something_else_is_refused(tmp_path: Path) -> None:
    load, _, end_s = a_load()
    flat = [f"{t / 10},{5 + t % 3}" for t in range(int(end_s * 10))]
    with pytest.raises(MeterError, match="is it the right file"):
        recorded(tmp_path / "log.csv", ["time,P", *flat], load)


@pytest.mark.parametrize("counter", [False, True])
@pytest.mark.parametrize("kept", [5, 30, 100])
def test_a_log_that_ended_early_is_refused(tmp_path, kept: int, counter: bool) -> None:
    log, load, _ = a_log(0.5)
    rows = [f"{t / S:.6f},{place if counter else p}"
            for place, (t, p) in enumerate(log[:kept])]  # fmt: skip
    what = {"power": "", "energy": "P"} if counter else {}
    with pytest.raises(MeterError, match="record the whole run"):
        recorded(tmp_path / "log.csv", ["time,P", *rows], load, **what)


@given(content=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("csv") / "log.csv"
    path.write_bytes(b"time,P\n1,2\n" + content)
    columns = Columns(time="time", time_unit="s", quantities={"power": ("P", "W")})
    try:
        found = read_table(path, columns)
    except TierbenchError:
        return
    assert len(found.times_ns) == len(found.values)
    assert (np.diff(found.times_ns) > 0).all()
    assert np.isfinite(found.values).all()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({}, "power"),
        ({"power": "P", "energy": "E"}, "power"),
        ({"voltage": "U"}, "current"),
        ({"power": "P", "clock": "unix"}, "clock_error_ms"),
    ],
)
def test_options_that_do_not_go_together_are_named(settings, key) -> None:
    assert [name for name, _ in CsvFile.mistakes(settings)] == [key]


def test_options_that_do_are_fine() -> None:
    assert CsvFile.mistakes({"voltage": "U", "current": "I"}) == []
