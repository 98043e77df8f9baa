"""Power of a Jetson's rails, by its own monitors on the I2C bus.

Chips are found by the ``name`` of their I2C device, wherever they are: ``ina3221``
(JetPack 5 and 6: three rails each as mV and mA, with labels; a label ``NC`` is not
connected, and ``in7`` a sum of shunt voltages) and ``ina238`` (Thor: ``power1_input``
in uW). See the kernel's hwmon/ina3221 and hwmon/ina238.

The total is ``VDD_IN`` where the module has it (Orin NX and Nano); on AGX Orin it is
formed of the three rails into the module; Thor's ``VIN`` is before the carrier board.
"""

from __future__ import annotations

import os
from typing import Any

from ...harness.device.reader import Channel, Reader, ReaderError
from ...harness.device.sysfs import entries, read_number, read_text

FOLDER = "sys/bus/i2c/devices"
ASSUMED = "assumed: NVIDIA states none; the shunts are of 1 %"
GAIN = 0.05
SUM = ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0")
SUMMED = (
    "the sum of VDD_GPU_SOC, VDD_CPU_CV and VIN_SYS_5V0: no carrier board; "
    "VDDQ_VDD2_1V8AO is told apart, since NVIDIA does not say whether VIN_SYS_5V0 "
    "holds it"
)
UPDATE_NS = 10_000_000
"""Where the chip does not tell how long it takes for all of its rails."""


class Jetson(Reader):
    """All rails that are connected, a module's total first."""

    def __init__(self, root: str) -> None:
        """Look for the chips under a root folder."""
        folder = os.path.join(root, FOLDER)
        self._rails: list[tuple[str, str, int, int]] = []
        for device in entries(folder):
            place = os.path.join(folder, device)
            kind = read_text(os.path.join(place, "name"))
            for chip in entries(os.path.join(place, "hwmon"), "hwmon"):
                path = os.path.join(place, "hwmon", chip)
                if kind == "ina3221":
                    self._add_ina3221(path, device)
                elif kind == "ina238":
                    self._add_ina238(path)
        if not self._rails:
            raise ReaderError(
                f"no ina3221 or ina238 with a connected rail in /{FOLDER}; only a "
                "Jetson has them"
            )
        names = [name for name, _, _, _ in self._rails]
        self._summed = "VDD_IN" not in names and all(name in names for name in SUM)
        first = ("VDD_IN", "VIN", *SUM) if self._summed else ("VDD_IN", "VIN")
        self._rails.sort(key=lambda rail: rail[0] not in first)

    def _add_ina3221(self, path: str, device: str) -> None:
        rails = []
        for number in (1, 2, 3):
            name = read_text(os.path.join(path, f"in{number}_label"))
            current = os.path.join(path, f"curr{number}_input")
            if name and name != "NC" and read_number(current) is not None:
                rails.append((name, number))
        update_ns = _update_ns(path)
        for name, number in rails:
            self._rails.append((name, path, number, update_ns))

    def _add_ina238(self, path: str) -> None:
        name = read_text(os.path.join(path, "in1_label"))
        name = name or read_text(os.path.join(path, "power1_label")) or "VIN"
        if read_number(os.path.join(path, "power1_input")) is not None:
            self._rails.append((name, path, 0, _update_ns(path)))

    def channels(self) -> list[Channel]:
        """Return the power of each rail."""
        return [
            {"name": name, "quantity": "power", "unit": "W"}
            for name, _, _, _ in self._rails
        ]

    def read(self) -> list[float | None]:
        """Return what the rails draw now."""
        return [_power_w(path, number) for _, path, number, _ in self._rails]

    def specifications(self) -> list[dict[str, Any] | None]:
        """Return the rails; the chip looks at one voltage or current at a time."""
        return [
            {
                "meter": "jetson",
                "channel": name,
                "scope": self._scope(name, number),
                "update_ns": update_ns,
                "gain": GAIN,
                "source": ASSUMED,
                "sampled_fraction": 1 / 6 if number else 1 / 3,
                "adds_to": "module" if self._summed and name in SUM else None,
                "note": SUMMED if self._summed and name in SUM else "",
            }
            for name, _, number, update_ns in self._rails
        ]

    def _scope(self, name: str, number: int) -> str:
        if name == "VDD_IN" or (self._summed and name in SUM):
            return "module"
        return "board" if name == "VIN" and not number else "rail"


def _power_w(path: str, number: int) -> float | None:
    if not number:
        return read_number(os.path.join(path, "power1_input"), 1e-6)
    volts = read_number(os.path.join(path, f"in{number}_input"), 1e-3)
    amperes = read_number(os.path.join(path, f"curr{number}_input"), 1e-3)
    return None if volts is None or amperes is None else volts * amperes


def _update_ns(path: str) -> int:
    """Return after how long the chip has looked at all of its rails again."""
    told_ms = read_number(os.path.join(path, "update_interval"))
    return UPDATE_NS if not told_ms or told_ms < 0 else max(1, int(told_ms * 1e6))


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``root`` is the folder that stands for ``/``."""
    return Jetson(str(options.get("root", "/")))
