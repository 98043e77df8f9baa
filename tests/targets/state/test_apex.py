"""A Coral's temperature from its driver's files."""

import pytest
from support.readings import told
from support.sysfs_tree import write_tree

from tierbench.harness.device.reader import ReaderError
from tierbench.targets.state.apex import open_reader

CORAL = {
    "sys/class/apex/apex_0/temp": 62_300,
    "sys/class/apex/apex_0/trip_point0_temp": 84_800,
    "sys/class/apex/apex_1/temp": "-",
}


def test_each_chip_tells_temperature_and_margin(tmp_path) -> None:
    found = told(open_reader({"root": str(write_tree(tmp_path, CORAL))}))
    assert found == {
        "temperature: apex_0": pytest.approx(62.3),
        "margin: apex_0": pytest.approx(22.5),
        "temperature: apex_1": None,
        "margin: apex_1": None,
    }


def test_without_a_chip_it_says_so(tmp_path) -> None:
    with pytest.raises(ReaderError, match="no Edge TPU on PCIe"):
        open_reader({"root": str(tmp_path)})
