"""The temperature of a Coral Edge TPU on PCIe, from its driver ``apex``.

At the first trip point the driver begins to lower the chip's clock, which it does not
tell. A chip on USB tells nothing at all.
"""

from __future__ import annotations

import os
from typing import Any

from ...harness.device import quantities as q
from ...harness.device.reader import Channel, Reader, ReaderError
from ...harness.device.sysfs import difference, entries, read_number


class Apex(Reader):
    """All Edge TPUs of a machine that are on PCIe."""

    def __init__(self, root: str) -> None:
        """Look for them under a root folder."""
        folder = os.path.join(root, "sys/class/apex")
        self._chips = [os.path.join(folder, name) for name in entries(folder, "apex_")]
        if not self._chips:
            raise ReaderError("there is no Edge TPU on PCIe (driver apex)")

    def channels(self) -> list[Channel]:
        """Return two for each chip."""
        return [
            {"name": os.path.basename(chip), "quantity": quantity, "unit": unit}
            for chip in self._chips
            for quantity, unit in ((q.TEMPERATURE, "°C"), (q.MARGIN, "K"))
        ]

    def read(self) -> list[float | None]:
        """Return what the files hold now."""
        values: list[float | None] = []
        for chip in self._chips:
            celsius = read_number(os.path.join(chip, "temp"), 1e-3)
            trip = read_number(os.path.join(chip, "trip_point0_temp"), 1e-3)
            values += [celsius, difference(trip, celsius)]
        return values


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``root`` is the folder that stands for ``/``."""
    return Apex(str(options.get("root", "/")))
