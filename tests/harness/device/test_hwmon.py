"""Processors' temperatures among the chips of hwmon."""

import pytest
from support.readings import told
from support.sysfs_tree import write_tree

from tierbench.harness.device.hwmon import open_reader
from tierbench.harness.device.reader import ReaderError

HWMON = "sys/class/hwmon"
DESKTOP = {
    f"{HWMON}/hwmon0/name": "nvme",
    f"{HWMON}/hwmon0/temp1_input": 60_000,
    f"{HWMON}/hwmon1/name": "coretemp",
    f"{HWMON}/hwmon1/temp1_input": 71_000,
    f"{HWMON}/hwmon1/temp1_crit": 100_000,
    f"{HWMON}/hwmon10/name": "k10temp",
    f"{HWMON}/hwmon10/temp1_input": 65_250,
}


def test_processors_alone_are_read(tmp_path) -> None:
    root = write_tree(tmp_path, DESKTOP)
    assert told(open_reader({"root": str(root)})) == {
        "temperature: coretemp": 71.0,
        "margin: coretemp": 29.0,
        "temperature: k10temp": 65.25,
        "margin: k10temp": None,
    }


def test_two_sockets_keep_apart(tmp_path) -> None:
    names = {f"{HWMON}/hwmon{n}/name": "coretemp" for n in (0, 1)}
    found = told(open_reader({"root": str(write_tree(tmp_path, names))}))
    assert set(found) == {
        f"{quantity}: coretemp {n}"
        for quantity in ("temperature", "margin")
        for n in (0, 1)
    }
    assert set(found.values()) == {None}


def test_without_processors_it_says_so(tmp_path) -> None:
    root = write_tree(tmp_path, {f"{HWMON}/hwmon0/name": "nvme"})
    with pytest.raises(ReaderError, match="hwmon"):
        open_reader({"root": str(root)})
