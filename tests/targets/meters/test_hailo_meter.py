"""Hailo's meter over objects of the interface that HailoRT publishes.

HailoRT cannot be installed from an index: that this is its interface was read in its
sources, and nothing here shows that a device answers so.
"""

import time
from pathlib import Path

import pytest

from tierbench.harness.meter import Load
from tierbench.targets.meters import Hailo

PLATFORM = """
from types import SimpleNamespace
from enum import Enum

Enumeration = lambda name, values: Enum(name, values)
MeasurementBufferIndex = Enum("MeasurementBufferIndex", "MEASUREMENT_BUFFER_INDEX_0")
DvmTypes = Enum("DvmTypes", "AUTO")
PowerMeasurementTypes = Enum("PowerMeasurementTypes", "AUTO POWER")
AveragingFactor = Enum("AveragingFactor", "AVERAGE_16 AVERAGE_256")
SamplingPeriod = Enum("SamplingPeriod", "PERIOD_1100us")

class Control:
    started = False
    asked = 0

    def get_extended_device_information(self):
        features = SimpleNamespace(current_monitoring={monitor})
        return SimpleNamespace(supported_features=features)

    def stop_power_measurement(self):
        self.started = False

    def set_power_measurement(self, index, dvm, kind):
        assert (dvm, kind) == (DvmTypes.AUTO, PowerMeasurementTypes.POWER)

    def start_power_measurement(self, factor, period):
        self.started = factor is AveragingFactor.AVERAGE_16

    def get_power_measurement(self, index, should_clear):
        assert self.started and should_clear
        self.asked += 1
        samples = self.asked % 2
        return SimpleNamespace(total_number_of_samples=samples, average_value=2.5)

class Device:
    def __init__(self, device_id=None):
        if device_id:
            raise RuntimeError("HAILO_OUT_OF_PHYSICAL_DEVICES(74)")
        self.control = Control()

    def release(self):
        pass
"""


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def write(monitor: bool) -> None:
        text = PLATFORM.replace("{monitor}", str(monitor))
        (tmp_path / "hailo_platform.py").write_text(text)

    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return write


def test_a_module_with_a_current_monitor_averages_by_itself(platform) -> None:
    platform(True)
    meter = Hailo()
    (stated,) = meter.specifications()
    assert (stated.scope, stated.update_ns) == ("module", 35_200_000)
    meter.start()
    time.sleep(0.2)
    (found,) = meter.stop(Load(busy=(), idle=(), unix_ns=0))
    meter.close()
    values = found.series.values
    known = values[values == values]
    assert set(known.tolist()) == {2.5}
    assert len(values) // 2 - 1 <= len(known) <= len(values) // 2 + 1


def test_one_without_says_so(platform) -> None:
    platform(False)
    meter = Hailo({"device_id": ""}, python=None)
    assert meter.specifications() == ()
    assert meter.missing() == "this Hailo module has no current monitor"


def test_no_device_says_so(platform) -> None:
    platform(True)
    meter = Hailo({"device_id": "0000:99:00.0"})
    assert meter.specifications() == ()
    assert "HAILO_OUT_OF_PHYSICAL_DEVICES" in (meter.missing() or "")
