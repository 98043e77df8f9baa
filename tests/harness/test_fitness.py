"""Whether a machine is fit to measure, on fake machines and on this one."""

import os
import time
from pathlib import Path

import pytest
from support.machine_tree import AUTOGROUP, CPU, FIT, fit_machine, process, stat
from support.sysfs_tree import write_tree

from tierbench.harness.fitness import Finding, Fit, examine

NAMES = {
    *("governor", "turbo", "quota", "isolated cores", "autogroup", "load average"),
    *("steal", "cpu pressure", "memory pressure", "io pressure", "memory", "swap"),
    "other programs",
}


def examined(root: Path, **later: object) -> dict[str, Finding]:
    """Return the findings, where these files change between the two looks."""
    files = {"proc/stat": stat(100), **later}
    found = examine(root, pause=lambda: write_tree(root, files) and None)
    assert {finding.name for finding in found} == NAMES
    assert len(found) == len(NAMES)
    return {finding.name: finding for finding in found}


def test_a_fit_machine_is_fit_in_all(tmp_path: Path) -> None:
    found = examined(fit_machine(tmp_path))
    assert {finding.verdict for finding in found.values()} == {Fit.FIT}
    assert all(finding.remedy is None for finding in found.values())


@pytest.mark.parametrize(
    ("name", "files", "seen"),
    [
        (
            "governor",
            {f"{CPU}/cpufreq/policy1/scaling_governor": "schedutil"},
            "performance (1), schedutil (1)",
        ),
        ("turbo", {f"{CPU}/cpufreq/boost": 1}, "on"),
        ("turbo", {f"{CPU}/intel_pstate/no_turbo": 0}, "on"),
        ("autogroup", {AUTOGROUP: 1}, "on"),
        ("load average", {"proc/loadavg": "0.81 0 0"}, "0.81 on 2 processors"),
        ("cpu pressure", {"proc/pressure/cpu": "some avg10=7.50"}, "7.5 %"),
        ("memory pressure", {"proc/pressure/memory": "some avg10=2"}, "2 %"),
        ("io pressure", {"proc/pressure/io": "some avg10=30"}, "30 %"),
        (
            "memory",
            {"proc/meminfo": "MemTotal: 8388608 kB\nMemAvailable: 419430 kB"},
            "0.4 of 8.0 GiB",
        ),
        (
            "quota",
            {
                "proc/self/cgroup": "0::/box",
                "sys/fs/cgroup/box/cpu.max": "150000 100000",
            },
            "1.5 of 2 processors",
        ),
        (
            "quota",
            {
                "proc/self/cgroup": "3:cpu,cpuacct:/box",
                "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": 50_000,
                "sys/fs/cgroup/cpu/box/cpu.cfs_period_us": 100_000,
            },
            "0.5 of 2 processors",
        ),
    ],
)
def test_what_is_unfit_says_what_was_seen_and_what_to_do(
    tmp_path: Path, name: str, files: dict[str, object], seen: str
) -> None:
    found = examined(fit_machine(tmp_path, **files))
    assert found[name].verdict is Fit.UNFIT
    assert seen in found[name].seen
    assert found[name].remedy
    others = {n: f.verdict for n, f in found.items() if n not in (name, "swap")}
    assert set(others.values()) == {Fit.FIT}


def test_steal_and_swap_are_seen_while_they_happen(tmp_path: Path) -> None:
    root = fit_machine(tmp_path)
    later = {"proc/stat": stat(100, steal=10), "proc/vmstat": "pswpin 9\npswpout 9"}
    found = examined(root, **later)
    assert found["steal"].verdict is Fit.UNFIT
    assert "10.0%" in found["steal"].seen
    assert found["swap"].verdict is Fit.UNFIT
    assert "98 MiB in use, 2 pages moved" in found["swap"].seen


def test_swap_that_rests_is_no_harm(tmp_path: Path) -> None:
    found = examined(fit_machine(tmp_path))["swap"]
    assert (found.verdict, found.seen) == (Fit.FIT, "98 MiB in use, at rest")


def test_busy_programs_are_named_the_busiest_first(tmp_path: Path) -> None:
    idle = {**process(1, "init", 500), **process(7, "odd (name) x", 0)}
    idle |= {k: v for n in (10, 11, 12) for k, v in process(n, f"p{n}", 0).items()}
    root = fit_machine(tmp_path, **idle)
    busy = {**process(7, "odd (name) x", 45), **process(99, "new", 50)}
    busy |= {k: v for n in (10, 11, 12) for k, v in process(n, f"p{n}", n).items()}
    found = examined(root, **busy)["other programs"]
    assert found.verdict is Fit.UNFIT
    assert found.seen == (
        "odd (name) x (pid 7) 90%, p12 (pid 12) 24%, p11 (pid 11) 22% and 1 more of a "
        "processor"
    )


def test_this_process_is_no_other_program(tmp_path: Path) -> None:
    root = fit_machine(tmp_path, **process(os.getpid(), "python", 0))
    found = examined(root, **process(os.getpid(), "python", 90))
    assert found["other programs"].verdict is Fit.FIT


def test_no_isolated_core_is_fit_with_advice(tmp_path: Path) -> None:
    found = examined(fit_machine(tmp_path, **{f"{CPU}/isolated": ""}))
    assert found["isolated cores"].verdict is Fit.FIT
    assert "isolcpus" in (found["isolated cores"].remedy or "")


def test_a_machine_that_tells_nothing_is_unknown(tmp_path: Path) -> None:
    found = {f.name: f for f in examine(tmp_path, pause=lambda: None)}
    assert {f.verdict for f in found.values()} == {Fit.UNKNOWN}
    assert all(f.remedy for f in found.values())


def test_a_kernel_without_autogroup_is_fit(tmp_path: Path) -> None:
    root = fit_machine(tmp_path, **{"proc/sys/kernel/ostype": "Linux"})
    (root / AUTOGROUP).unlink()
    found = examined(root)["autogroup"]
    assert (found.verdict, found.seen) == (Fit.FIT, "not in this kernel")


def test_garbage_is_unknown_and_no_crash(tmp_path: Path) -> None:
    root = fit_machine(tmp_path, **process(5, "x", 1))
    for name in (*FIT, "proc/stat", "proc/5/stat"):
        (root / name).write_bytes(b"\xff\xfe some cpu ) \n\x00 some avg10=x\ncpu0")
    found = examine(root, pause=lambda: None)
    assert Fit.UNKNOWN in {finding.verdict for finding in found}


def test_looking_at_this_machine_takes_less_than_two_seconds() -> None:
    began = time.monotonic()
    found = examine()
    assert time.monotonic() - began < 2.0
    assert {finding.name for finding in found} == NAMES
