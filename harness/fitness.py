"""Whether this machine is fit to measure, finding by finding: reads, changes nothing.

Files are those of Linux (proc(5), sysfs); where one is missing the finding is unknown.
What happens now is seen by looking twice, with a pause between.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from .device.sysfs import entries, read_number, read_text

PAUSE_S = 0.5
LOAD_SHARE = 0.25
"""Load average of the last minute, as a share of the processors."""

STEAL_SHARE = 0.01
PRESSURE_PERCENT = {"cpu": 5.0, "memory": 1.0, "io": 5.0}
"""Share of the last ten seconds in which something waited, ``some avg10``."""

BUSY_SHARE = 0.1
"""A process that takes more of one processor than this disturbs."""

FREE_SHARE = 0.1
FREE_BYTES = 256 << 20
BUSY_LISTED = 3


class Fit(StrEnum):
    """What one finding says."""

    FIT = "fit"
    UNFIT = "unfit"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One question, its verdict, the value that was seen, and what to do."""

    name: str
    verdict: Fit
    seen: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is counted since the machine started."""

    ticks: int
    steal: int
    swapped_pages: int | None
    processes: dict[tuple[int, str], int]


def examine(
    root: Path = Path("/"), pause: Callable[[], None] = lambda: time.sleep(PAUSE_S)
) -> list[Finding]:
    """Return all findings on the machine under a root folder.

    Args:
        root: the folder that stands for ``/``.
        pause: lets time pass between the two looks.
    """
    before = _look(root)
    pause()
    after = _look(root)
    cpus = _cpus(root)
    return [
        _governor(root),
        _turbo(root),
        _quota(root, cpus),
        _isolated(root),
        _autogroup(root),
        _load(root, cpus),
        _steal(before, after),
        *_pressures(root),
        _memory(root),
        _swap(root, before, after),
        _others(before, after, cpus),
    ]


def _governor(root: Path) -> Finding:
    folder = root / "sys/devices/system/cpu/cpufreq"
    found = [
        read_text(str(folder / policy / "scaling_governor"))
        for policy in entries(str(folder), "policy")
    ]
    counts = Counter(name for name in found if name)
    if not counts:
        return _unknown(
            "governor",
            "the system shows none; where it is a guest, its host decides",
            "ask for a machine of your own where clocks matter",
        )
    seen = ", ".join(f"{name} ({n})" for name, n in sorted(counts.items()))
    return _judged(
        "governor",
        set(counts) == {"performance"},
        seen,
        "tierbench doctor --fix, or: sudo cpupower frequency-set -g performance",
    )


def _turbo(root: Path) -> Finding:
    cpus = root / "sys/devices/system/cpu"
    denied = read_number(str(cpus / "intel_pstate/no_turbo"))
    allowed = read_number(str(cpus / "cpufreq/boost"))
    if denied is None and allowed is None:
        return _unknown("turbo", "the system does not show it", "look in the firmware")
    on = not denied if denied is not None else bool(allowed)
    return _judged(
        "turbo",
        not on,
        "on: clocks change with heat and with neighbours" if on else "off",
        "tierbench doctor --fix",
    )


def _quota(root: Path, cpus: int) -> Finding:
    found = [share for folder in _groups(root) for share in _allowed(folder)]
    if not found:
        return _unknown(
            "quota", "no control group shows one", "look at how this was started"
        )
    share = min(found)
    return _judged(
        "quota",
        share >= cpus,
        "none" if share >= cpus else f"{share:g} of {cpus} processors, then a pause",
        "start without a limit on processor time (docker: no --cpus)",
    )


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's control groups for processor time.

    A container may see its own group as the root of the tree.
    """
    mount = root / "sys/fs/cgroup"
    yield from (mount, mount / "cpu")
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, group = [*line.split(":", 2), "", ""][:3]
        if not controllers:
            yield mount / group.lstrip("/")
        elif "cpu" in controllers.split(","):
            yield mount / "cpu" / group.lstrip("/")


def _allowed(folder: Path) -> Iterator[float]:
    """Yield how many processors a control group allows, of version 2 or 1."""
    text = read_text(str(folder / "cpu.max"))
    old = [read_number(str(folder / f"cpu.cfs_{n}_us")) for n in ("quota", "period")]
    if text:
        quota, _, period = text.partition(" ")
        if quota == "max":
            yield math.inf
        elif quota.isdigit() and period.isdigit() and int(period):
            yield int(quota) / int(period)
    elif (folder / "cgroup.controllers").exists():
        yield math.inf  # the root group has no limit of its own
    elif old[0] is not None and old[1]:
        yield math.inf if old[0] < 0 else old[0] / old[1]


def _isolated(root: Path) -> Finding:
    text = read_text(str(root / "sys/devices/system/cpu/isolated"))
    if text is None:
        return _unknown(
            "isolated cores", "the system does not show them", "none needed"
        )
    return Finding(
        name="isolated cores",
        verdict=Fit.FIT,
        seen=text or "none",
        remedy=None if text else "for tails below 1 ms, boot with isolcpus=",
    )


def _autogroup(root: Path) -> Finding:
    on = read_number(str(root / "proc/sys/kernel/sched_autogroup_enabled"))
    if on is None and not entries(str(root / "proc/sys/kernel")):
        return _unknown("autogroup", "the system does not show it", "look at sysctl")
    if on is None:
        return _judged("autogroup", True, "not in this kernel", "")
    seen = (
        "on: each session gets an equal share, whatever its priority" if on else "off"
    )
    return _judged("autogroup", not on, seen, "tierbench doctor --fix")


def _load(root: Path, cpus: int) -> Finding:
    words = (read_text(str(root / "proc/loadavg")) or "").split()
    try:
        load = float(words[0])
    except (IndexError, ValueError):
        return _unknown("load average", "the system does not show it", "look at top")
    return _judged(
        "load average",
        load <= LOAD_SHARE * cpus,
        f"{load:g} on {cpus} processors",
        "end other programs, then wait a minute",
    )


def _steal(before: Look, after: Look) -> Finding:
    ticks = after.ticks - before.ticks
    if ticks <= 0:
        return _unknown("steal", "the system does not show it", "look at top")
    share = (after.steal - before.steal) / ticks
    return _judged(
        "steal",
        share <= STEAL_SHARE,
        f"{share:.1%} of the time went to other guests of the host",
        "move to a machine, or a guest, with processors of its own",
    )


def _pressures(root: Path) -> Iterator[Finding]:
    for name, limit in PRESSURE_PERCENT.items():
        text = read_text(str(root / f"proc/pressure/{name}")) or ""
        lines = [line.split() for line in text.splitlines()]
        words = next((line for line in lines if line[:1] == ["some"]), [])
        told = dict(word.partition("=")[::2] for word in words[1:])
        try:
            percent = float(told["avg10"])
        except (KeyError, ValueError):
            yield _unknown(
                f"{name} pressure",
                "the kernel does not show it",
                "boot with psi=1 where the kernel has it",
            )
            continue
        yield _judged(
            f"{name} pressure",
            percent <= limit,
            f"something waited {percent:g} % of the last 10 s",
            f"end the programs that wait for {name}",
        )


def _memory(root: Path) -> Finding:
    total, free = (_meminfo(root).get(k) for k in ("MemTotal", "MemAvailable"))
    if total is None or free is None:
        return _unknown("memory", "the system does not show it", "look at free")
    return _judged(
        "memory",
        free >= max(FREE_SHARE * total, FREE_BYTES),
        f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB available",
        "end programs that hold memory",
    )


def _swap(root: Path, before: Look, after: Look) -> Finding:
    info = _meminfo(root)
    total, free = info.get("SwapTotal"), info.get("SwapFree")
    if total is None or free is None:
        return _unknown("swap", "the system does not show it", "look at free")
    if after.swapped_pages is None or before.swapped_pages is None:
        return _unknown("swap", "whether pages move is not shown", "look at vmstat")
    moved = after.swapped_pages - before.swapped_pages
    used = f"{(total - free) / 2**20:.0f} MiB in use"
    return _judged(
        "swap",
        not moved,
        f"{used}, {moved} pages moved while looking" if moved else f"{used}, at rest",
        "free memory, then: sudo swapoff -a",
    )


def _others(before: Look, after: Look, cpus: int) -> Finding:
    ticks = (after.ticks - before.ticks) / max(1, cpus)
    if ticks <= 0 or not after.processes:
        return _unknown(
            "other programs", "the system does not show them", "look at top"
        )
    shares = {
        key: (used - before.processes.get(key, used)) / ticks
        for key, used in after.processes.items()
    }
    busy = {key: share for key, share in shares.items() if share > BUSY_SHARE}
    most = sorted(busy, key=lambda key: -busy[key])[:BUSY_LISTED]
    listed = ", ".join(
        f"{name} (pid {pid}) {busy[pid, name]:.0%}" for pid, name in most
    )
    more = f" and {len(busy) - len(most)} more" if len(busy) > len(most) else ""
    return _judged(
        "other programs",
        not busy,
        f"{listed}{more} of a processor" if busy else "none that is busy",
        "end them, or wait for them",
    )


def _look(root: Path) -> Look:
    lines = _lines(root / "proc/stat")
    words = next((line.split() for line in lines if line.startswith("cpu ")), [])
    ticks = [int(word) for word in words[1:9] if word.isdigit()]
    pages = dict(
        line.split()[:2] for line in _lines(root / "proc/vmstat") if " " in line
    )
    try:
        swapped = int(pages["pswpin"]) + int(pages["pswpout"])
    except (KeyError, ValueError):
        swapped = None
    return Look(
        ticks=sum(ticks),
        steal=ticks[7] if len(ticks) > 7 else 0,
        swapped_pages=swapped,
        processes=dict(_processes(root / "proc")),
    )


def _processes(proc: Path) -> Iterator[tuple[tuple[int, str], int]]:
    """Yield each other process with the ticks it has used, see proc_pid_stat(5)."""
    for name in entries(str(proc)):
        if not name.isdigit() or int(name) == os.getpid():
            continue
        text = read_text(str(proc / name / "stat")) or ""
        before, _, rest = text.rpartition(")")
        words = rest.split()
        if len(words) > 12 and words[11].isdigit() and words[12].isdigit():
            program = before.partition("(")[2]
            yield (int(name), program), int(words[11]) + int(words[12])


def _cpus(root: Path) -> int:
    lines = _lines(root / "proc/stat")
    return sum(line[:3] == "cpu" and line[3:4].isdigit() for line in lines) or 1


def _meminfo(root: Path) -> dict[str, int]:
    """Return bytes by name."""
    found = {}
    for line in _lines(root / "proc/meminfo"):
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found[name] = int(words[0]) * 1024
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _judged(name: str, fit: bool, seen: str, remedy: str) -> Finding:
    verdict = Fit.FIT if fit else Fit.UNFIT
    return Finding(
        name=name, verdict=verdict, seen=seen, remedy=None if fit else remedy
    )


def _unknown(name: str, seen: str, remedy: str) -> Finding:
    return Finding(name=name, verdict=Fit.UNKNOWN, seen=seen, remedy=remedy)
