"""Power by any chip of Linux's hwmon that measures it, such as an INA226 or INA228.

``power1_input`` is in uW, ``energy1_input`` a counter in uJ (kernel:
hwmon/sysfs-interface). What a chip on a board measures only a person knows: the scope
is told by the sweep, and so is the chip where there are several.
"""

from __future__ import annotations

import os
from typing import Any

from ...harness.device.reader import Channel, Reader, ReaderError
from ...harness.device.sysfs import entries, read_number, read_text

FOLDER = "sys/class/hwmon"
ASSUMED = "assumed; give what the chip's maker and the shunt's tolerance allow"
UPDATE_NS = 10_000_000


class Hwmon(Reader):
    """The powers and energy counters of chips with one name, or of all."""

    def __init__(self, root: str, chip: str, scope: str) -> None:
        """Look for chips under a root folder."""
        folder = os.path.join(root, FOLDER)
        self._scope = scope
        self._inputs: list[tuple[str, str, str, int]] = []
        seen = []
        for entry in entries(folder, "hwmon"):
            path = os.path.join(folder, entry)
            name = read_text(os.path.join(path, "name")) or entry
            seen.append(name)
            if chip in ("", name, entry):
                self._add(name, path)
        if not self._inputs:
            wanted = f"of the name {chip!r} " if chip else ""
            raise ReaderError(
                "no chip {}with power*_input or energy*_input in /{}; found: {}".format(
                    wanted, FOLDER, ", ".join(seen) or "none"
                )
            )

    def _add(self, chip: str, path: str) -> None:
        told_ms = read_number(os.path.join(path, "update_interval"))
        update_ns = int(told_ms * 1e6) if told_ms and told_ms > 0 else UPDATE_NS
        for kind in ("energy", "power"):
            for name in entries(path, kind):
                file = os.path.join(path, name)
                if name.endswith("_input") and read_number(file) is not None:
                    label = read_text(file[: -len("input")] + "label") or name[:-6]
                    channel = f"{chip} {label}"
                    if channel in (known for known, _, _, _ in self._inputs):
                        channel += f" ({os.path.basename(path)})"  # of two alike
                    self._inputs.append((channel, kind, file, update_ns))

    def channels(self) -> list[Channel]:
        """Return one for each input."""
        return [
            {"name": name, "quantity": kind, "unit": "J" if kind == "energy" else "W"}
            for name, kind, _, _ in self._inputs
        ]

    def read(self) -> list[float | None]:
        """Return what the files hold now."""
        return [read_number(file, 1e-6) for _, _, file, _ in self._inputs]

    def specifications(self) -> list[dict[str, Any] | None]:
        """Return each input on its own."""
        return [
            {
                "meter": "hwmon",
                "channel": name,
                "scope": self._scope,
                "update_ns": update_ns,
                "gain": 0.02,
                "source": ASSUMED,
            }
            for name, _, _, update_ns in self._inputs
        ]


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader: ``root``, ``chip`` (a name, "" for all) and ``scope``."""
    scope, chip = str(options.get("scope", "rail")), str(options.get("chip", ""))
    return Hwmon(str(options.get("root", "/")), chip, scope)
