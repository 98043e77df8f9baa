"""Energy of processor packages by RAPL: Linux's powercap folders, Intel and AMD alike.

Domains are found by their ``name``: ``package-0`` and its parts, ``dram`` among them,
and ``psys``, the whole platform where the maker wired it. The counter is renewed about
every millisecond and wraps at ``max_energy_range_uj`` (kernel: power/powercap).
"""

from __future__ import annotations

import os
from typing import Any

from ...harness.device.reader import Channel, Reader, ReaderError
from ...harness.device.sysfs import entries, read_number, read_text

FOLDER = "sys/class/powercap"
ASSUMED = "assumed: neither Intel nor AMD states an accuracy of RAPL"
UNIT_J = 2.0**-14
"""The usual step of the counter, 61 uJ."""


class Rapl(Reader):
    """Packages with their memory, and the platform."""

    def __init__(self, root: str) -> None:
        """Look for domains under a root folder."""
        folder = os.path.join(root, FOLDER)
        # The same package may be told a second time, through intel-rapl-mmio.
        zones = [os.path.join(folder, n) for n in entries(folder, "intel-rapl:")]
        named = [(read_text(os.path.join(zone, "name")) or "", zone) for zone in zones]
        self._zones = [
            (self._label(name, zone, named), zone)
            for name, zone in sorted(named, key=lambda pair: pair[0] == "psys")
            if name.startswith("package-") or name in ("dram", "psys")
        ]
        if not self._zones:
            raise ReaderError(
                f"this machine has no RAPL domain in /{FOLDER}; a virtual machine has "
                "none, else load the kernel's module intel_rapl_msr"
            )
        for _, zone in self._zones:
            _check_readable(os.path.join(zone, "energy_uj"))

    @staticmethod
    def _label(name: str, zone: str, named: list[tuple[str, str]]) -> str:
        """Return a domain's name, that of a part with its package's."""
        parent = zone.rsplit(":", 1)[0]
        return next((f"{n} {name}" for n, other in named if other == parent), name)

    def channels(self) -> list[Channel]:
        """Return one counter for each domain."""
        return [
            {"name": name, "quantity": "energy", "unit": "J"} for name, _ in self._zones
        ]

    def read(self) -> list[float | None]:
        """Return what the counters hold now."""
        return [
            read_number(os.path.join(zone, "energy_uj"), 1e-6)
            for _, zone in self._zones
        ]

    def specifications(self) -> list[dict[str, Any] | None]:
        """Return that packages and memory add up, and the platform stands alone."""
        return [self._specification(name, zone) for name, zone in self._zones]

    def _specification(self, name: str, zone: str) -> dict[str, Any]:
        platform = name == "psys"
        return {
            "meter": "rapl",
            "channel": name,
            "scope": "board" if platform else "module",
            "update_ns": 1_000_000,
            "gain": 0.05,
            "source": ASSUMED,
            "range_j": read_number(os.path.join(zone, "max_energy_range_uj"), 1e-6),
            "quantum_j": UNIT_J,
            "adds_to": None if platform else "processor packages",
            "note": (
                "psys: what the maker wired to it, usually the board"
                if platform
                else "the sum of all processor packages and their memory where it is "
                "told; no board, disks or power supply"
            ),
        }


def _check_readable(path: str) -> None:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except PermissionError as exc:
        raise ReaderError(
            f"{path} may be read by root alone (a side channel, CVE-2020-8694); allow "
            f"it with: sudo chmod a+r {path}"
        ) from exc
    except OSError as exc:
        raise ReaderError(f"{path} cannot be read: {exc.strerror}") from exc


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``root`` is the folder that stands for ``/``."""
    return Rapl(str(options.get("root", "/")))
