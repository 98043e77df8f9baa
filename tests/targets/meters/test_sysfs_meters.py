"""Meters in the kernel's files, over trees that mirror real ones, and what breaks."""

import os
from pathlib import Path

import pytest
from support.meter_trees import (
    I2C,
    POWERCAP,
    agx_orin,
    ina3221,
    orin_nx,
    rapl_amd,
    rapl_intel,
    thor,
)
from support.readings import told
from support.sysfs_tree import set_file, write_tree

from tierbench.harness.device.reader import Reader, ReaderError
from tierbench.targets.meters import hwmon, jetson, rapl


def scopes(reader: Reader) -> dict[str, str]:
    return {s["channel"]: s["scope"] for s in reader.specifications() if s}


def totals(reader: Reader) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in reader.specifications():
        if one and one.get("adds_to"):
            found.setdefault(one["adds_to"], []).append(one["channel"])
    return found


@pytest.mark.parametrize("number", [0, 3, 12])
def test_orin_nx_has_a_total_of_its_own_wherever_the_kernel_put_it(tmp_path, number):
    write_tree(tmp_path, orin_nx(f"hwmon{number}"))
    reader = jetson.open_reader({"root": str(tmp_path)})
    assert told(reader) == {
        "power: VDD_IN": 10.0,
        "power: VDD_CPU_GPU_CV": 4.0,
        "power: VDD_SOC": 2.0,
    }
    assert scopes(reader) == {
        "VDD_IN": "module",
        "VDD_CPU_GPU_CV": "rail",
        "VDD_SOC": "rail",
    }
    assert totals(reader) == {}
    assert {s["update_ns"] for s in reader.specifications() if s} == {8_000_000}


def test_agx_orins_total_is_formed_and_says_how(tmp_path):
    write_tree(tmp_path, agx_orin())
    reader = jetson.open_reader({"root": str(tmp_path)})
    values = told(reader)
    assert list(values)[-1] == "power: VDDQ_VDD2_1V8AO"
    assert sum(list(values.values())[:3]) == pytest.approx(12.0)
    assert totals(reader) == {"module": ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"]}
    notes = {s["note"] for s in reader.specifications() if s and s["adds_to"]}
    (note,) = notes
    assert "no carrier board" in note
    assert scopes(reader)["VDDQ_VDD2_1V8AO"] == "rail"


def test_thors_input_is_before_the_carrier_board(tmp_path):
    write_tree(tmp_path, thor())
    reader = jetson.open_reader({"root": str(tmp_path)})
    assert next(iter(told(reader).items())) == ("power: VIN", 60.0)
    assert scopes(reader)["VIN"] == "board"
    assert scopes(reader)["VDD_GPU"] == "rail"
    assert totals(reader) == {}


def test_a_part_of_a_total_that_is_missing_leaves_no_total(tmp_path):
    files = agx_orin()
    del files[f"{I2C}/1-0040/hwmon/hwmon2/in3_label"]
    write_tree(tmp_path, files)
    reader = jetson.open_reader({"root": str(tmp_path)})
    assert totals(reader) == {}
    assert set(scopes(reader).values()) == {"rail"}


def test_a_rail_without_current_is_not_connected(tmp_path):
    files = orin_nx()
    del files[f"{I2C}/1-0040/hwmon/hwmon3/curr3_input"]
    write_tree(tmp_path, files)
    assert "VDD_SOC" not in scopes(jetson.open_reader({"root": str(tmp_path)}))


@pytest.mark.parametrize("junk", ["", "garbage", "nan", "1e999", "\x00\xff"])
def test_garbage_while_it_is_read_is_no_value(tmp_path, junk):
    write_tree(tmp_path, orin_nx())
    reader = jetson.open_reader({"root": str(tmp_path)})
    set_file(tmp_path, f"{I2C}/1-0040/hwmon/hwmon3/curr1_input", junk)
    assert told(reader)["power: VDD_IN"] is None
    assert told(reader)["power: VDD_SOC"] == 2.0


def test_files_that_vanish_are_no_value_and_come_back(tmp_path):
    write_tree(tmp_path, {**orin_nx(), **rapl_amd()})
    rails = jetson.open_reader({"root": str(tmp_path)})
    package = rapl.open_reader({"root": str(tmp_path)})
    names = (
        f"{I2C}/1-0040/hwmon/hwmon3/in1_input",
        f"{POWERCAP}/intel-rapl:0/energy_uj",
    )
    for name in names:
        (tmp_path / name).unlink()
    assert told(rails)["power: VDD_IN"] is None
    assert told(package)["energy: package-0"] is None
    for name in names:
        set_file(tmp_path, name, 5_000)
    assert told(rails)["power: VDD_IN"] == 10.0
    assert told(package)["energy: package-0"] == pytest.approx(5e-3)


def test_no_jetson_says_so(tmp_path):
    write_tree(tmp_path, {f"{I2C}/0-0050/name": "24c02"})
    with pytest.raises(ReaderError, match="only a Jetson"):
        jetson.open_reader({"root": str(tmp_path)})
    write_tree(tmp_path, ina3221("1-0040", "hwmon1", {1: ("NC", 0, 0)}))
    with pytest.raises(ReaderError, match="connected rail"):
        jetson.open_reader({"root": str(tmp_path)})


def test_rapl_on_intel_adds_packages_and_memory_and_keeps_the_platform_apart(tmp_path):
    write_tree(tmp_path, rapl_intel())
    reader = rapl.open_reader({"root": str(tmp_path)})
    assert told(reader) == {
        "energy: package-0": pytest.approx(10),
        "energy: package-0 dram": pytest.approx(2),
        "energy: package-1": pytest.approx(20),
        "energy: psys": pytest.approx(90),
    }
    assert totals(reader) == {
        "processor packages": ["package-0", "package-1", "package-0 dram"]
    }
    assert scopes(reader)["psys"] == "board"
    ranges = [s["range_j"] for s in reader.specifications() if s]
    assert ranges[1:3] == pytest.approx([262143.32885, 65532.610987])


def test_rapl_on_amd_is_its_package(tmp_path):
    write_tree(tmp_path, rapl_amd())
    reader = rapl.open_reader({"root": str(tmp_path)})
    assert told(reader) == {"energy: package-0": pytest.approx(10)}
    assert totals(reader) == {"processor packages": ["package-0"]}


def test_a_counter_without_range_never_wraps(tmp_path):
    files = rapl_amd()
    del files[f"{POWERCAP}/intel-rapl:0/max_energy_range_uj"]
    write_tree(tmp_path, files)
    (one,) = rapl.open_reader({"root": str(tmp_path)}).specifications()
    assert one is not None
    assert one["range_j"] is None


def test_a_counter_that_only_root_may_read_says_how_to_allow_it(tmp_path, monkeypatch):
    write_tree(tmp_path, rapl_intel())
    real = os.open

    def refused(path, *arguments, **named):
        if str(path).endswith("energy_uj"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *arguments, **named)

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(ReaderError, match=r"sudo chmod a\+r .*intel-rapl:0/energy_uj"):
        rapl.open_reader({"root": str(tmp_path)})


def test_a_machine_without_rapl_says_so(tmp_path):
    with pytest.raises(ReaderError, match="intel_rapl_msr"):
        rapl.open_reader({"root": str(tmp_path)})
    write_tree(tmp_path, {f"{POWERCAP}/intel-rapl:0/name": "package-0"})
    with pytest.raises(ReaderError, match="cannot be read: No such file"):
        rapl.open_reader({"root": str(tmp_path)})


HWMON = {
    "sys/class/hwmon/hwmon0/name": "coretemp",
    "sys/class/hwmon/hwmon0/temp1_input": 40_000,
    "sys/class/hwmon/hwmon1/name": "ina226",
    "sys/class/hwmon/hwmon1/power1_input": 1_500_000,
    "sys/class/hwmon/hwmon1/update_interval": 35,
    "sys/class/hwmon/hwmon2/name": "ina228",
    "sys/class/hwmon/hwmon2/power1_input": 2_500_000,
    "sys/class/hwmon/hwmon2/power1_label": "board input",
    "sys/class/hwmon/hwmon2/energy1_input": 70_000_000,
}


def test_any_chip_of_hwmon_is_read_with_the_scope_that_a_person_gives(tmp_path: Path):
    write_tree(tmp_path, HWMON)
    options = {"root": str(tmp_path), "chip": "ina228", "scope": "board"}
    reader = hwmon.open_reader(options)
    assert told(reader) == {
        "energy: ina228 energy1": pytest.approx(70),
        "power: ina228 board input": pytest.approx(2.5),
    }
    assert set(scopes(reader).values()) == {"board"}
    every = hwmon.open_reader({"root": str(tmp_path)})
    assert len(every.channels()) == 3
    updates = [s["update_ns"] for s in every.specifications() if s]
    assert updates == [35_000_000, 10_000_000, 10_000_000]


def test_a_chip_that_is_not_there_is_named_with_those_that_are(tmp_path: Path):
    write_tree(tmp_path, HWMON)
    with pytest.raises(ReaderError, match=r"'ina999'.*coretemp, ina226, ina228"):
        hwmon.open_reader({"root": str(tmp_path), "chip": "ina999"})


def test_two_chips_alike_are_told_apart(tmp_path):
    for number, microwatts in ((1, 2_000_000), (4, 3_000_000)):
        folder = f"sys/class/hwmon/hwmon{number}"
        chip = {f"{folder}/name": "ina226", f"{folder}/power1_input": microwatts}
        write_tree(tmp_path, chip)
    reader = hwmon.open_reader({"root": str(tmp_path), "scope": "rail"})
    assert told(reader) == {
        "power: ina226 power1": 2.0,
        "power: ina226 power1 (hwmon4)": 3.0,
    }
