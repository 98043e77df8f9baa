"""What Jetsons of JetPack 5 and 6 show beyond other Linux systems."""

import pytest
from support.readings import told
from support.sysfs_tree import set_file, write_tree

from tierbench.harness.device.reader import ReaderError
from tierbench.targets.state.jetson import open_reader

HWMON = "sys/class/hwmon"


def jetson(gpu: str) -> dict[str, object]:
    return {
        f"sys/class/devfreq/{gpu}/cur_freq": 918_000_000,
        f"sys/class/devfreq/{gpu}/max_freq": 918_000_000,
        "sys/class/devfreq/15340000.vic/cur_freq": 115_200_000,
        "var/lib/nvpmodel/status": "pmode:0002 fmode:quiet",
        f"{HWMON}/hwmon3/name": "ina3221",
        f"{HWMON}/hwmon4/name": "soctherm_oc",
        f"{HWMON}/hwmon4/oc1_event_cnt": 0,
        f"{HWMON}/hwmon4/oc1_throt_en": 1,
        f"{HWMON}/hwmon4/oc3_event_cnt": 12,
    }


@pytest.mark.parametrize(
    "gpu", ["17000000.ga10b", "17000000.gpu", "57000000.gpu", "gpu-gpc-0"]
)
def test_gpu_mode_and_counters_are_told(tmp_path, gpu: str) -> None:
    found = told(open_reader({"root": str(write_tree(tmp_path, jetson(gpu)))}))
    assert found == {
        f"clock: {gpu}": 918e6,
        f"clock_limit: {gpu}": 918e6,
        "power_mode: nvpmodel": 2.0,
        "throttle_count: soctherm oc1": 0.0,
        "throttle_count: soctherm oc3": 12.0,
    }


def test_a_mode_that_nobody_set_is_not_known(tmp_path) -> None:
    root = write_tree(tmp_path, jetson("17000000.gpu"))
    reader = open_reader({"root": str(root)})
    set_file(root, "var/lib/nvpmodel/status", "garbage")
    assert told(reader)["power_mode: nvpmodel"] is None
    (root / "var/lib/nvpmodel/status").unlink()
    assert told(reader)["power_mode: nvpmodel"] is None


def test_another_computer_is_no_jetson(tmp_path) -> None:
    with pytest.raises(ReaderError, match="no Jetson"):
        open_reader({"root": str(tmp_path)})
