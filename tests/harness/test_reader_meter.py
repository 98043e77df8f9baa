"""A meter that is read by a process of its own, over trees replayed while it reads."""

import os
import signal
import time
from pathlib import Path

import pytest
from support.meter_trees import POWERCAP, orin_nx, rapl_amd
from support.sysfs_tree import Replay, set_file, write_tree

from tierbench.harness import reader_meter
from tierbench.harness.errors import MeterError
from tierbench.harness.meter import Load
from tierbench.harness.readings import curve_of
from tierbench.targets.meters import Jetson, Rapl

LOAD = Load(busy=(), idle=(), unix_ns=0)
COUNTER = f"{POWERCAP}/intel-rapl:0/energy_uj"
MOST_UJ = 3_000_000


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_meter, "_unreadable", {})


def test_a_counter_that_wraps_while_it_is_read_gives_its_true_power(tmp_path) -> None:
    tree = rapl_amd()
    tree[f"{POWERCAP}/intel-rapl:0/max_energy_range_uj"] = MOST_UJ
    write_tree(tmp_path, tree)
    began = time.monotonic()
    written = {}

    def step(_: float) -> None:  # about 10 W: three joules fill it three times a second
        spent_uj = int((time.monotonic() - began) * 10e6)
        written[spent_uj % MOST_UJ] = spent_uj
        set_file(tmp_path, COUNTER, spent_uj % MOST_UJ)

    meter = Rapl({"root": str(tmp_path)})
    (stated,) = meter.specifications()
    assert stated.range_j == pytest.approx(3.0)
    with Replay(step):
        time.sleep(0.05)
        meter.start()
        time.sleep(1.0)
        (found,) = meter.stop(LOAD)
    meter.close()
    assert (found.series.values < 3.0).all()
    first, last = (written[round(found.series.values[i] * 1e6)] for i in (0, -1))
    assert last - first > 2 * MOST_UJ
    curve = curve_of(found)
    spent_j = float(curve.energy_j(*curve.span_ns))
    assert spent_j == pytest.approx((last - first) * 1e-6)
    assert found.late_ns == stated.update_ns


def test_a_meter_that_cannot_be_read_says_why_and_is_asked_once(
    tmp_path, monkeypatch
) -> None:
    meter = Rapl({"root": str(tmp_path)})
    assert meter.specifications() == ()
    assert "no RAPL domain" in (meter.missing() or "")
    monkeypatch.setattr(reader_meter, "Monitor", None)
    again = Rapl({"root": str(tmp_path)})
    assert again.specifications() == ()
    assert again.missing() == meter.missing()


def test_rails_that_vanish_while_they_are_read_leave_a_gap(tmp_path: Path) -> None:
    write_tree(tmp_path, orin_nx())
    rail = tmp_path / "sys/bus/i2c/devices/1-0040/hwmon/hwmon3/curr1_input"
    meter = Jetson({"root": str(tmp_path)})
    meter.specifications()
    meter.start()
    time.sleep(0.1)
    rail.unlink()
    time.sleep(0.1)
    rail.write_text("2000\n")
    time.sleep(0.1)
    total, *_ = meter.stop(LOAD)
    meter.close()
    failed = total.series.values != total.series.values
    assert failed.any()
    assert set(total.series.values[~failed].tolist()) == {10.0}


def test_a_process_that_dies_is_the_meters_failure(tmp_path: Path) -> None:
    write_tree(tmp_path, orin_nx())
    meter = Jetson({"root": str(tmp_path)})
    meter.specifications()
    meter.start()
    assert meter._monitor is not None
    os.kill(meter._monitor.pid, signal.SIGKILL)
    with pytest.raises(MeterError, match="meter 'jetson' failed"):
        meter.stop(LOAD)
    meter.close()
    with pytest.raises(MeterError, match="not open"):
        meter.start()


def test_a_python_that_is_not_there_is_the_meters_failure(tmp_path: Path) -> None:
    with pytest.raises(MeterError, match="/no/python"):
        Rapl({"root": str(tmp_path)}, python="/no/python").specifications()
