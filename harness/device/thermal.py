"""Temperatures of Linux's thermal zones, their trip points, and what cools by slowing.

See the kernel's driver-api/thermal/sysfs-api. A trip point of the type ``active`` only
starts a fan; the others slow the device down or end it.
"""

from __future__ import annotations

import os
from typing import Any

from . import quantities as q
from .reader import Channel, Reader, ReaderError
from .sysfs import difference, entries, lowest, read_number, read_text

SLOWING_TRIPS = ("passive", "hot", "critical")
SLOWING_DEVICES = ("cpufreq", "devfreq", "processor", "gpu", "throttle")
"""Parts of the types of cooling devices that cool by slowing: others are fans."""


class Thermal(Reader):
    """All thermal zones and slowing cooling devices of a machine."""

    def __init__(self, root: str) -> None:
        """Look for them under a root folder."""
        folder = os.path.join(root, "sys/class/thermal")
        zones = [os.path.join(folder, z) for z in entries(folder, "thermal_zone")]
        self._zones = [zone for zone in zones if read_text(os.path.join(zone, "type"))]
        self._trips = [_trip(zone) for zone in self._zones]
        coolers = [os.path.join(folder, c) for c in entries(folder, "cooling_device")]
        self._coolers = [cooler for cooler in coolers if _slows(cooler)]
        if not self._zones and not self._coolers:
            raise ReaderError("the system has no thermal zone")

    def channels(self) -> list[Channel]:
        """Return two for each zone and one for each slowing cooling device."""
        found = []
        for name in _names(self._zones):
            found.append({"name": name, "quantity": q.TEMPERATURE, "unit": "°C"})
            found.append({"name": name, "quantity": q.MARGIN, "unit": "K"})
        for name in _names(self._coolers):
            found.append(
                {"name": f"cooling by {name}", "quantity": q.THROTTLE, "unit": ""}
            )
        return found

    def read(self) -> list[float | None]:
        """Return what the files hold now."""
        values: list[float | None] = []
        for zone, trip in zip(self._zones, self._trips):
            celsius = read_number(os.path.join(zone, "temp"), 1e-3)
            values += [celsius, difference(trip, celsius)]
        for cooler in self._coolers:
            values.append(read_number(os.path.join(cooler, "cur_state")))
        return values


def _trip(zone: str) -> float | None:
    """Return the lowest temperature at which a zone slows the device, or None."""
    found: list[float | None] = []
    for name in entries(zone, "trip_point_"):
        if not name.endswith("_type"):
            continue
        if read_text(os.path.join(zone, name)) in SLOWING_TRIPS:
            temp = name[: -len("type")] + "temp"
            celsius = read_number(os.path.join(zone, temp), 1e-3)
            found.append(celsius if celsius is not None and celsius > 0 else None)
    return lowest(found)


def _slows(cooler: str) -> bool:
    kind = (read_text(os.path.join(cooler, "type")) or "").lower()
    return any(part in kind for part in SLOWING_DEVICES)


def _names(folders: list[str]) -> list[str]:
    """Return each one's type, with its number where others are of the type too."""
    types = [read_text(os.path.join(folder, "type")) or "" for folder in folders]
    return [
        kind if types.count(kind) == 1 else f"{kind} {os.path.basename(folder)}"
        for kind, folder in zip(types, folders)
    ]


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``root`` is the folder that stands for ``/``."""
    return Thermal(str(options.get("root", "/")))
