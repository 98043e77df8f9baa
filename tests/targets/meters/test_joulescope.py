"""The Joulescope's meter: without one, and with a driver that sends what it sends."""

import sys
import time
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tierbench.harness.errors import MeterError
from tierbench.harness.meter import Load
from tierbench.harness.readings import curve_of
from tierbench.targets.meters.joulescope import Joulescope

LOAD = Load(busy=(), idle=(), unix_ns=0)


class Driver:
    """The calls that the meter makes; ``send`` is what the library's thread does."""

    paths = ("u/js220/002557",)

    def __init__(self) -> None:
        self.published: dict[str, Any] = {}
        self.listener: Any = None
        self.ended = False

    def device_paths(self) -> list[str]:
        return list(self.paths)

    def open(self, path: str) -> None:
        assert path in self.paths

    def publish(self, topic: str, value: Any) -> None:
        self.published[topic] = value

    def subscribe(self, topic: str, flags: str, listener: Any) -> None:
        self.listener = (topic, listener)

    def unsubscribe(self, topic: str, listener: Any) -> None:
        assert self.listener == (topic, listener)

    def finalize(self) -> None:
        self.ended = True

    def send(self, end_sample: int, watts: float) -> None:
        topic, listener = self.listener
        samples = {"value": [end_sample - 20_000, end_sample], "units": "samples"}
        listener(
            topic,
            {
                "time": {"samples": samples, "sample_freq": {"value": 1_000_000}},
                "signals": {"power": {"avg": {"value": watts, "units": "W"}}},
            },
        )


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    made = Driver()
    module = ModuleType("pyjoulescope_driver")
    module.Driver = lambda: made  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyjoulescope_driver", module)
    return made


def test_samples_count_the_time_and_the_earliest_sets_the_clock(driver: Driver) -> None:
    meter = Joulescope({"scope": "board"})
    (stated,) = meter.specifications()
    assert (stated.update_ns, stated.scope) == (20_000_000, "board")
    meter.start()
    assert driver.published["u/js220/002557/s/stats/scnt"] == 20_000
    before = time.monotonic_ns()
    for turn in range(1, 101):
        driver.send(turn * 20_000, 3.0 + turn % 2)
    after = time.monotonic_ns()
    (found,) = meter.stop(LOAD)
    meter.close()
    assert driver.ended
    assert np.diff(np.asarray(found.series.times)).tolist() == [20_000_000] * 99
    last = int(np.asarray(found.series.times)[-1]) + found.clock_offset_ns
    assert before - 10**7 <= last <= after
    assert curve_of(found).power_w.mean() == pytest.approx(3.5)


@pytest.mark.parametrize("paths", [(), ("u/js220/1", "u/js220/2")])
def test_one_instrument_must_be_meant(driver: Driver, paths, monkeypatch) -> None:
    monkeypatch.setattr(Driver, "paths", paths)
    with pytest.raises(MeterError, match=f"{len(paths)} Joulescopes match"):
        Joulescope({"scope": "board"}).specifications()
    assert driver.ended


def test_one_of_several_is_chosen_by_its_path(driver: Driver, monkeypatch) -> None:
    monkeypatch.setattr(Driver, "paths", ("u/js220/1", "u/js110/2"))
    meter = Joulescope({"scope": "board", "device": "u/js110/2"})
    assert meter.specifications()[0].update_ns == 500_000_000


def test_one_that_sends_nothing_says_so(driver: Driver) -> None:
    meter = Joulescope({"scope": "board"})
    meter.specifications()
    meter.start()
    with pytest.raises(MeterError, match="sent nothing"):
        meter.stop(LOAD)


def test_one_that_is_unplugged_costs_only_its_own_readings(driver, monkeypatch) -> None:
    def gone(self: Driver, *_: Any) -> None:
        raise RuntimeError("device removed")

    meter = Joulescope({"scope": "board"})
    meter.specifications()
    meter.start()
    monkeypatch.setattr(Driver, "unsubscribe", gone)
    monkeypatch.setattr(Driver, "finalize", gone)
    with pytest.raises(MeterError, match="device removed"):
        meter.stop(LOAD)
    meter.close()


def test_without_the_driver_the_remedy_is_told(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyjoulescope_driver", None)
    with pytest.raises(MeterError, match=r"tierbench\[joulescope\]"):
        Joulescope({"scope": "board"}).specifications()


def test_the_real_driver_finds_none_here() -> None:
    pytest.importorskip("pyjoulescope_driver")
    with pytest.raises(MeterError, match="Joulescope"):
        Joulescope({"scope": "board", "device": "no such path"}).specifications()


class PinDriver(Driver):
    """A driver with a listener for each topic."""

    def __init__(self) -> None:
        super().__init__()
        self.listeners: dict[str, Any] = {}

    def subscribe(self, topic: str, flags: str, listener: Any) -> None:
        self.listeners[topic] = listener
        self.listener = (f"{self.paths[0]}/s/stats/value", listener)

    def unsubscribe(self, topic: str, listener: Any) -> None:
        assert self.listeners.pop(topic) == listener


def test_an_input_tells_when_the_board_marks_its_work(monkeypatch) -> None:
    driver = PinDriver()
    module = ModuleType("pyjoulescope_driver")
    module.Driver = lambda: driver  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyjoulescope_driver", module)
    meter = Joulescope({"scope": "board", "marks": "gpi2"})
    meter.specifications()
    meter.start()
    topic = "u/js220/002557/s/gpi/2"
    assert driver.published[f"{topic}/ctrl"] == 1
    levels = np.ones(80_000, np.uint8)
    levels[30_000:30_100] = 0
    see = driver.listeners[f"{topic}/!data"]
    take = driver.listeners["u/js220/002557/s/stats/value"]
    for start in range(0, 80_000, 20_000):
        packed = np.packbits(levels[start : start + 20_000], bitorder="little")
        told = {"sample_id": start, "sample_rate": 1_000_000, "decimate_factor": 1}
        see(topic, {**told, "data": packed})
        driver.listener = ("", take)
        driver.send(start + 20_000, 3.0)
    (found,) = meter.stop(LOAD)
    assert driver.published[f"{topic}/ctrl"] == 0
    assert driver.listeners == {}
    # The first statistics end at 20 ms, where the series' own time is 0.
    assert found.falls_ns == (10_000_000,)


def test_without_marks_no_input_is_asked_for(driver: Driver) -> None:
    meter = Joulescope({"scope": "board"})
    meter.specifications()
    meter.start()
    assert not [topic for topic in driver.published if "gpi" in topic]
    driver.send(20_000, 1.0)
    driver.send(40_000, 1.0)
    (found,) = meter.stop(LOAD)
    assert found.falls_ns is None
