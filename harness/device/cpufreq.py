"""The processor's clocks and their governor, from Linux's cpufreq.

Processors whose top clocks lie within 10 % are of one kind and make one channel: the
highest clock among those that work, or among all while none does. See the kernel's
admin-guide/pm/cpufreq; counters are those of x86's ``thermal_throttle``.
"""

from __future__ import annotations

import os
from typing import Any

from . import quantities as q
from .busy import Busy
from .reader import Channel, Reader, ReaderError
from .sysfs import entries, highest, read_number, read_text, total

SAME_KIND = 0.9
WORKS = 0.5
"""The share of busy time from which a processor counts as one that works."""


class Cpufreq(Reader):
    """All processors of a machine, as kinds."""

    def __init__(self, root: str) -> None:
        """Look for the policies under a root folder."""
        self._cpus = os.path.join(root, "sys/devices/system/cpu")
        self._kinds = _kinds(os.path.join(self._cpus, "cpufreq"))
        if not self._kinds:
            raise ReaderError("the system tells no clock of the processor (cpufreq)")
        self._names = _names(self._kinds)
        self._processors = {
            policy: _processors(policy) for kind in self._kinds for policy in kind
        }
        self._busy = Busy(root)
        self._counters = _counters(self._cpus)

    def channels(self) -> list[Channel]:
        """Return five for each kind of processor, and two for all of them."""
        found = []
        for name in self._names:
            for quantity, unit in (
                (q.CLOCK, "Hz"),
                (q.BUSY, ""),
                (q.CLOCK_LIMIT, "Hz"),
                (q.GOVERNOR, ""),
            ):
                found.append({"name": name, "quantity": quantity, "unit": unit})
            found.append(
                {"name": f"{name} firmware", "quantity": q.CLOCK_LIMIT, "unit": "Hz"}
            )
        found.append({"name": "cpu", "quantity": q.BOOST, "unit": ""})
        found.append({"name": "cpu", "quantity": q.THROTTLE_COUNT, "unit": ""})
        return found

    def read(self) -> list[float | None]:
        """Return what the files hold now."""
        values: list[float | None] = []
        shares = self._busy.shares()
        for policies in self._kinds:
            busy = {each: self._share(each, shares) for each in policies}
            working = [each for each in policies if (busy[each] or 0) >= WORKS]
            first = policies[0]
            values += [
                highest(_khz(each, "scaling_cur_freq") for each in working or policies),
                highest(busy.values()),
                _khz(first, "scaling_max_freq"),
                governor(os.path.join(first, "scaling_governor")),
                _khz(first, "bios_limit"),
            ]
        values.append(boost(self._cpus))
        values.append(total(read_number(counter) for counter in self._counters))
        return values

    def _share(self, policy: str, shares: dict[int, float]) -> float | None:
        return highest(shares.get(cpu) for cpu in self._processors[policy])


def governor(path: str) -> float | None:
    """Return the place of the governor that a file names among ``GOVERNORS``."""
    name = read_text(path)
    if not name:
        return None
    return float(q.GOVERNORS.index(name)) if name in q.GOVERNORS else -1.0


def boost(cpus: str) -> float | None:
    """Return whether clocks above the nominal one are allowed, as 1 or 0."""
    denied = read_number(os.path.join(cpus, "intel_pstate/no_turbo"))
    if denied is not None:
        return 1.0 - denied
    return read_number(os.path.join(cpus, "cpufreq/boost"))


def _kinds(folder: str) -> list[list[str]]:
    """Return the policies' folders as kinds, the fastest kind first."""
    tops = {}
    for name in entries(folder, "policy"):
        policy = os.path.join(folder, name)
        tops[policy] = _khz(policy, "cpuinfo_max_freq") or 0.0
    kinds: list[list[str]] = []
    for policy in sorted(tops, key=lambda each: -tops[each]):
        if not kinds or tops[policy] < SAME_KIND * tops[kinds[-1][0]]:
            kinds.append([])
        kinds[-1].append(policy)
    return kinds


def _counters(cpus: str) -> list[str]:
    """Return the files that count throttling: one for a package, which holds its cores.

    Processors without one for the package have one for each core.
    """
    found: dict[str | None, str] = {}
    for name in entries(cpus, "cpu"):
        package = read_text(os.path.join(cpus, name, "topology/physical_package_id"))
        folder = os.path.join(cpus, name, "thermal_throttle")
        counter = os.path.join(folder, "package_throttle_count")
        if read_text(counter) is None:
            package, counter = name, os.path.join(folder, "core_throttle_count")
        if read_text(counter) is not None:
            found.setdefault(package, counter)
    return list(found.values())


def _names(kinds: list[list[str]]) -> list[str]:
    if len(kinds) == 1:
        return ["cpu"]
    tops = [_khz(policies[0], "cpuinfo_max_freq") or 0.0 for policies in kinds]
    return [f"cpu {top / 1e9:.2f} GHz" for top in tops]


def _processors(policy: str) -> list[int]:
    """Return the numbers of the processors that a policy holds for."""
    told = read_text(os.path.join(policy, "affected_cpus")) or ""
    return [int(word) for word in told.split() if word.isdigit()]


def _khz(policy: str, name: str) -> float | None:
    return read_number(os.path.join(policy, name), 1e3)


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``root`` is the folder that stands for ``/``."""
    return Cpufreq(str(options.get("root", "/")))
