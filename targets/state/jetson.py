"""What an NVIDIA Jetson tells beyond the files of every Linux.

The GPU's clock is a devfreq device; its name differs by module and JetPack
(``17000000.ga10b``, ``17000000.gpu``, ``57000000.gpu``, ``gpu-gpc-0``). The power mode
is what ``nvpmodel`` last wrote. The chip ``soctherm_oc`` counts how often too high a
current or too low a voltage slowed the module down. Its thermal zones and cooling
devices are read by ``tierbench.harness.device.thermal``.
"""

from __future__ import annotations

import os
import re
from typing import Any

from ...harness.device import quantities as q
from ...harness.device.reader import Channel, Reader, ReaderError
from ...harness.device.sysfs import entries, read_number, read_text

GPU = re.compile(r"gpu|ga10b|gv11b|gp10b|gm20b")
MODE = re.compile(r"pmode:(\d+)")


class Jetson(Reader):
    """The GPU's clock, the power mode and the counters of throttling."""

    def __init__(self, root: str) -> None:
        """Look for them under a root folder."""
        devices = os.path.join(root, "sys/class/devfreq")
        self._gpus = [
            os.path.join(devices, name) for name in entries(devices) if GPU.search(name)
        ]
        self._status = os.path.join(root, "var/lib/nvpmodel/status")
        self._counters = _counters(os.path.join(root, "sys/class/hwmon"))
        if not self._gpus and not self._counters:
            raise ReaderError("this is no Jetson: no GPU in devfreq, no soctherm_oc")

    def channels(self) -> list[Channel]:
        """Return two for each GPU, one for the mode, one for each counter."""
        found = []
        for gpu in self._gpus:
            name = os.path.basename(gpu)
            for quantity, unit in ((q.CLOCK, "Hz"), (q.CLOCK_LIMIT, "Hz")):
                found.append({"name": name, "quantity": quantity, "unit": unit})
        found.append({"name": "nvpmodel", "quantity": q.POWER_MODE, "unit": ""})
        for counter in self._counters:
            name = os.path.basename(counter).split("_")[0]
            found.append(
                {"name": f"soctherm {name}", "quantity": q.THROTTLE_COUNT, "unit": ""}
            )
        return found

    def read(self) -> list[float | None]:
        """Return what the files hold now."""
        values: list[float | None] = []
        for gpu in self._gpus:
            for name in ("cur_freq", "max_freq"):
                values.append(read_number(os.path.join(gpu, name)))
        mode = MODE.search(read_text(self._status) or "")
        values.append(float(mode.group(1)) if mode else None)
        values += [read_number(counter) for counter in self._counters]
        return values


def _counters(folder: str) -> list[str]:
    """Return the files that count events of over-current and under-voltage."""
    for name in entries(folder, "hwmon"):
        chip = os.path.join(folder, name)
        if read_text(os.path.join(chip, "name")) == "soctherm_oc":
            files = entries(chip, "oc")
            return [os.path.join(chip, f) for f in files if f.endswith("_event_cnt")]
    return []


def open_reader(options: dict[str, Any]) -> Reader:
    """Open a reader; ``root`` is the folder that stands for ``/``."""
    return Jetson(str(options.get("root", "/")))
