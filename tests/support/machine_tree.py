"""A fake root of a machine that is fit to measure, to be spoilt file by file."""

from pathlib import Path

from .sysfs_tree import write_tree

CPU = "sys/devices/system/cpu"
AUTOGROUP = "proc/sys/kernel/sched_autogroup_enabled"
CALM = "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\nfull avg10=0.00"
FIT: dict[str, object] = {
    **{f"{CPU}/cpufreq/policy{n}/scaling_governor": "performance" for n in range(2)},
    f"{CPU}/cpufreq/boost": 0,
    f"{CPU}/isolated": "2-3",
    AUTOGROUP: 0,
    "proc/loadavg": "0.02 0.05 0.01 1/200 999",
    "proc/pressure/cpu": CALM,
    "proc/pressure/memory": CALM,
    "proc/pressure/io": CALM,
    "proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\n"
    "SwapTotal: 1000000 kB\nSwapFree: 900000 kB",
    "proc/vmstat": "pgpgin 5\npswpin 7\npswpout 9",
    "proc/self/cgroup": "0::/",
    "sys/fs/cgroup/cgroup.controllers": "cpu memory",
}


def stat(total: int, steal: int = 0) -> str:
    """Return the kernel's ticks of two processors, all of them idle or stolen."""
    each = f"0 0 0 {(total - steal) // 2} 0 0 0 {steal // 2}"
    return (
        f"cpu  0 0 0 {total - steal} 0 0 0 {steal} 0 0\ncpu0 {each} 0 0\n"
        f"cpu1 {each} 0 0\nintr 1"
    )


def process(pid: int, name: str, ticks: int) -> dict[str, object]:
    """Return the file of a process that has used so many ticks."""
    return {
        f"proc/{pid}/stat": f"{pid} ({name}) S 1 1 1 0 -1 0 0 0 0 0 {ticks} 0 0 0 20"
    }


def fit_machine(root: Path, **changes: object) -> Path:
    """Write a fit machine's files; a first look sees no tick."""
    return write_tree(
        root, {**FIT, **process(3, "idle", 0), "proc/stat": stat(0), **changes}
    )
