"""Temperatures of processors from Linux's hwmon.

The first temperature of a chip stands for it: the package of Intel's ``coretemp``, the
control temperature of AMD's ``k10temp``, the edge of an ``amdgpu``. ``crit`` is where
such a processor slows itself down. See the kernel's hwmon/sysfs-interface.
"""

from __future__ import annotations

import os
from typing import Any

from . import quantities as q
from .reader import Channel, Reader, ReaderError
from .sysfs import difference, entries, read_number, read_text

PROCESSORS = ("coretemp", "k10temp", "zenpower", "amdgpu", "nouveau", "xe", "i915")


class Hwmon(Reader):
    """All processors among a machine's chips with a temperature."""

    def __init__(self, root: str) -> None:
        """Look for them under a root folder."""
        folder = os.path.join(root, "sys/class/hwmon")
        chips = [os.path.join(folder, name) for name in entries(folder, "hwmon")]
        self._chips = [chip for chip in chips if _name(chip) in PROCESSORS]
        if not self._chips:
            raise ReaderError("the system tells no processor's temperature (hwmon)")

    def channels(self) -> list[Channel]:
        """Return two for each chip."""
        names = [_name(chip) for chip in self._chips]
        found = []
        for place, name in enumerate(names):
            told = name if names.count(name) == 1 else f"{name} {place}"
            found.append({"name": told, "quantity": q.TEMPERATURE, "unit": "°C"})
            found.append({"name": told, "quantity": q.MARGIN, "unit": "K"})
        return found

    def read(self) -> list[float | None]:
        """Return what the files hold now."""
        values: list[float | None] = []
        for chip in self._chips:
            celsius = read_number(os.path.join(chip, "temp1_input"), 1e-3)
            limit = read_number(os.path.join(chip, "temp1_crit"), 1e-3)
            # A limit of 0 is one that nobody set.
            values += [celsius, difference(limit or None, celsius)]
        return values


def _name(chip: str) -> str:
    return read_text(os.path.join(chip, "name")) or ""


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``root`` is the folder that stands for ``/``."""
    return Hwmon(str(options.get("root", "/")))
