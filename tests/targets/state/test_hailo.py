"""Hailo's reader over objects of the interface that HailoRT publishes.

HailoRT cannot be installed from an index: that this is its interface was read in its
sources, and nothing here shows that a device answers so.
"""

from pathlib import Path

import pytest

from tierbench.harness.monitor import Monitor

READER = "tierbench.targets.state.hailo"
PLATFORM = """
from types import SimpleNamespace

class Control:
    def get_chip_temperature(self):
        return SimpleNamespace(ts0_temperature=51.5, ts1_temperature=52.25)

    def get_throttling_state(self):
        return True

    def _get_health_information(self):
        {health}

class Device:
    def __init__(self, device_id=None):
        if device_id == "0000:99:00.0":
            raise RuntimeError("HAILO_OUT_OF_PHYSICAL_DEVICES(74)")
        self.control = Control()

    def release(self):
        pass
"""
HEALTH = (
    "return SimpleNamespace("
    "current_temperature_throttling_level={level}, current_overcurrent_zone={zone})"
)


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def write(health: str) -> None:
        text = PLATFORM.replace("{health}", health)
        (tmp_path / "hailo_platform.py").write_text(text)

    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return write


def told(options: dict[str, str] | None = None) -> dict[str, float]:
    with Monitor((READER,), [(READER, options or {})]) as monitor:
        assert monitor.missing == {}
        monitor.start(10**9)
        return {
            f"{channel.quantity}: {channel.name}": float(series.values[0])
            for channel, series in zip(monitor.channels, monitor.stop(), strict=True)
        }


@pytest.mark.parametrize(
    ("level", "zone", "hot", "over"), [(-1, 0, 0, 0), (0, 0, 1, 0), (3, 1, 4, 1)]
)
def test_that_it_may_throttle_is_not_that_it_does(
    platform, level, zone, hot, over
) -> None:
    platform(HEALTH.format(level=level, zone=zone))
    assert told() == {
        "temperature: hailo sensor 0": 51.5,
        "temperature: hailo sensor 1": 52.25,
        "protection: hailo": 1.0,
        "throttle: hailo temperature": hot,
        "throttle: hailo over-current": over,
    }


def test_what_a_firmware_refuses_is_not_known(platform) -> None:
    platform("raise RuntimeError('HAILO_UNSUPPORTED_OPCODE')")
    found = told()
    known = {key for key, value in found.items() if value == value}
    assert "throttle: hailo temperature" not in known
    assert "temperature: hailo sensor 0" in known


def test_a_device_that_is_none_says_so(platform) -> None:
    platform("pass")
    with Monitor((READER,), [(READER, {"device_id": "0000:99:00.0"})]) as monitor:
        assert "no Hailo device can be opened" in monitor.missing[READER]


def test_without_hailort_it_says_so() -> None:
    with Monitor((READER,), [(READER, {})]) as monitor:
        assert "hailo_platform cannot be imported" in monitor.missing[READER]
