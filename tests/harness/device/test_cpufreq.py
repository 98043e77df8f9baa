"""Clocks of processors as x86 and big.LITTLE systems show them."""

from pathlib import Path

import pytest
from support.readings import told
from support.sysfs_tree import CPUFREQ, processor, set_file, write_tree

from tierbench.harness.device.cpufreq import open_reader
from tierbench.harness.device.reader import ReaderError

CPUS = "sys/devices/system/cpu"
INTEL = {
    f"{CPUS}/cpufreq/policy{n}/{name}": value
    for n in range(12)
    for name, value in {
        "scaling_cur_freq": 3_000_000 + 100_000 * n if n < 8 else 800_000,
        "scaling_max_freq": 5_000_000 if n < 8 else 3_900_000,
        "cpuinfo_max_freq": (5_100_000 if n < 2 else 5_000_000) if n < 8 else 3_900_000,
        "scaling_governor": "powersave",
        "affected_cpus": n,
    }.items()
} | {
    f"{CPUS}/intel_pstate/no_turbo": 0,
    f"{CPUS}/cpu0/topology/physical_package_id": 0,
    f"{CPUS}/cpu1/topology/physical_package_id": 0,
    f"{CPUS}/cpu0/thermal_throttle/core_throttle_count": 3,
    f"{CPUS}/cpu0/thermal_throttle/package_throttle_count": 7,
    f"{CPUS}/cpu1/thermal_throttle/core_throttle_count": 4,
    f"{CPUS}/cpu1/thermal_throttle/package_throttle_count": 7,
    f"{CPUS}/cpuidle/current_driver": "intel_idle",
}


def opened(root: Path):
    return open_reader({"root": str(root)})


def stat(*busy: int) -> str:
    """Return the kernel's ticks after 100 of them: these processors worked."""
    lines = [
        f"cpu{n} {100 * (n in busy)} 0 0 {100 * (n not in busy)} 0 0 0 0"
        for n in range(12)
    ]
    return "\n".join(lines)


def test_favoured_cores_are_of_one_kind_and_efficient_ones_of_another(tmp_path) -> None:
    found = told(opened(write_tree(tmp_path, INTEL)))
    assert found["clock: cpu 5.10 GHz"] == 3.7e9
    assert found["clock: cpu 3.90 GHz"] == 8e8
    assert found["clock_limit: cpu 3.90 GHz"] == 3.9e9
    assert found["governor: cpu 5.10 GHz"] == 1
    assert found["boost: cpu"] == 1
    assert found["throttle_count: cpu"] == 7
    assert found["clock_limit: cpu 5.10 GHz firmware"] is None
    assert found["busy: cpu 5.10 GHz"] is None


def test_the_clock_is_that_of_the_processors_that_work(tmp_path) -> None:
    root = write_tree(tmp_path, {**INTEL, "proc/stat": "\n".join(
        f"cpu{n} 0 0 0 0 0 0 0 0" for n in range(12))})  # fmt: skip
    reader = opened(root)
    set_file(root, "proc/stat", stat(2, 9))
    found = told(reader)
    assert found["clock: cpu 5.10 GHz"] == 3.2e9
    assert found["busy: cpu 5.10 GHz"] == found["busy: cpu 3.90 GHz"] == 1


def test_a_policy_of_several_processors_works_where_one_of_them_does(tmp_path) -> None:
    files = {**processor(1_200_000, cpus="0 1 2 3"), "proc/stat": "cpu3 0 0 0 0 0 0 0"}
    root = write_tree(tmp_path, files)
    reader = opened(root)
    set_file(root, "proc/stat", "cpu3 9 0 0 1 0 0 0")
    assert told(reader)["busy: cpu"] == 0.9
    assert told(reader)["clock: cpu"] == 1.2e9


@pytest.mark.parametrize(
    ("file", "value", "boost"),
    [
        ("intel_pstate/no_turbo", 1, 0.0),
        ("cpufreq/boost", 1, 1.0),
        ("cpufreq/boost", 0, 0.0),
    ],
)
def test_boost_is_told_by_either_driver(tmp_path, file: str, value: int, boost) -> None:
    root = write_tree(tmp_path, {**processor(), f"{CPUS}/{file}": value})
    assert told(opened(root))["boost: cpu"] == boost


def test_each_package_is_counted_once_and_older_ones_by_their_cores(tmp_path) -> None:
    files = {
        f"{CPUS}/cpu{n}/topology/physical_package_id": n // 2 for n in range(6)
    } | {f"{CPUS}/cpu{n}/thermal_throttle/core_throttle_count": 1 for n in range(6)}
    packages = {
        f"{CPUS}/cpu{n}/thermal_throttle/package_throttle_count": 10 * (1 + n // 2)
        for n in range(6)
    }
    root = write_tree(tmp_path, {**processor(), **files})
    assert told(opened(root))["throttle_count: cpu"] == 6
    write_tree(tmp_path, packages)
    assert told(opened(root))["throttle_count: cpu"] == 60


def test_firmwares_limit_stands_beside_the_systems(tmp_path) -> None:
    root = write_tree(tmp_path, {**processor(), f"{CPUFREQ}/bios_limit": 1_500_000})
    found = told(opened(root))
    assert found["clock_limit: cpu firmware"] == 1.5e9
    assert found["clock_limit: cpu"] == 2e9


def test_an_unknown_governor_is_another_one(tmp_path) -> None:
    root = write_tree(tmp_path, processor(governor="turbo9000"))
    assert told(opened(root))["governor: cpu"] == -1


def test_files_that_vanish_or_hold_garbage_are_not_known(tmp_path) -> None:
    root = write_tree(tmp_path, INTEL)
    reader = opened(root)
    for path in root.rglob("*"):
        if path.is_file():
            path.write_bytes(b"\xff\x00garbage")
    assert {v for k, v in told(reader).items() if "governor" not in k} == {None}
    for path in root.rglob("*"):
        if path.is_file():
            path.unlink()
    assert set(told(reader).values()) == {None}


def test_without_policies_it_says_so(tmp_path) -> None:
    with pytest.raises(ReaderError, match="cpufreq"):
        opened(tmp_path)
