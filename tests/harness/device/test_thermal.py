"""Thermal zones, trip points and cooling devices."""

import pytest
from support.readings import told
from support.sysfs_tree import set_file, write_tree, zone

from tierbench.harness.device.reader import ReaderError
from tierbench.harness.device.thermal import open_reader

THERMAL = "sys/class/thermal"
ORIN = {
    **zone(0, "cpu-thermal", 48.5, 99),
    **zone(1, "gpu-thermal", 47, 99),
    **zone(2, "tj-thermal", 49, 104.5),
    f"{THERMAL}/cooling_device0/type": "pwm-fan",
    f"{THERMAL}/cooling_device0/cur_state": 3,
    f"{THERMAL}/cooling_device1/type": "cpufreq-cpu0",
    f"{THERMAL}/cooling_device1/cur_state": 0,
    f"{THERMAL}/cooling_device2/type": "gpu-throttle-alert",
    f"{THERMAL}/cooling_device2/cur_state": 1,
}


def opened(root):
    return open_reader({"root": str(root)})


def test_zones_tell_temperature_and_margin_and_fans_nothing(tmp_path) -> None:
    found = told(opened(write_tree(tmp_path, ORIN)))
    assert found == {
        "temperature: cpu-thermal": 48.5,
        "margin: cpu-thermal": pytest.approx(50.5),
        "temperature: gpu-thermal": 47.0,
        "margin: gpu-thermal": pytest.approx(52.0),
        "temperature: tj-thermal": 49.0,
        "margin: tj-thermal": pytest.approx(55.5),
        "throttle: cooling by cpufreq-cpu0": 0.0,
        "throttle: cooling by gpu-throttle-alert": 1.0,
    }


def test_zones_of_one_type_keep_apart(tmp_path) -> None:
    root = write_tree(tmp_path, {**zone(0, "acpitz"), **zone(1, "acpitz", 60)})
    assert told(opened(root))["temperature: acpitz thermal_zone1"] == 60


@pytest.mark.parametrize("trip", [0, -274])
def test_a_trip_point_that_is_off_is_none(tmp_path, trip: int) -> None:
    root = write_tree(tmp_path, zone(trip=trip))
    assert told(opened(root))["margin: cpu-thermal"] is None


def test_the_lowest_trip_point_that_slows_counts(tmp_path) -> None:
    extra = {
        f"{THERMAL}/thermal_zone0/trip_point_2_type": "critical",
        f"{THERMAL}/thermal_zone0/trip_point_2_temp": 80_000,
    }
    root = write_tree(tmp_path, {**zone(celsius=50, trip=95), **extra})
    assert told(opened(root))["margin: cpu-thermal"] == pytest.approx(30)


def test_a_zone_whose_part_is_off_is_not_known(tmp_path) -> None:
    root = write_tree(tmp_path, zone())
    reader = opened(root)
    set_file(root, f"{THERMAL}/thermal_zone0/temp", "")
    assert set(told(reader).values()) == {None}
    (root / f"{THERMAL}/thermal_zone0/temp").unlink()
    assert set(told(reader).values()) == {None}


def test_without_zones_it_says_so(tmp_path) -> None:
    with pytest.raises(ReaderError, match="no thermal zone"):
        opened(tmp_path)
