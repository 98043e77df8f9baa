"""Power meters, one file each; docs/power.md says how far each is proven."""

from __future__ import annotations

from ...harness.meter import Scope
from ...harness.option import Option
from ...harness.reader_meter import ROOT, ReaderMeter

_INDEX = Option(name="index", kind=int, default=0, help="the GPU's number", minimum=0)


class Rapl(ReaderMeter):
    """Processor packages by RAPL, Intel and AMD."""

    name = "rapl"
    module = "tierbench.targets.meters.rapl"
    options = (ROOT,)


class Jetson(ReaderMeter):
    """A Jetson's rails by its INA3221 or INA238."""

    name = "jetson"
    module = "tierbench.targets.meters.jetson"
    options = (ROOT,)


class Hwmon(ReaderMeter):
    """A chip of Linux's hwmon, such as an INA226."""

    name = "hwmon"
    module = "tierbench.targets.meters.hwmon"
    options = (
        ROOT,
        Option(name="chip", kind=str, default="", help="the chip's name; empty: all"),
        Option(
            name="scope",
            kind=str,
            default=Scope.RAIL.value,
            help="what the chip measures",
            choices=tuple(scope.value for scope in Scope),
        ),
    )
    required = ("scope",)


class Nvml(ReaderMeter):
    """An NVIDIA GPU by NVML."""

    name = "nvml"
    module = "tierbench.targets.meters.nvml"
    options = (
        _INDEX,
        Option(
            name="uuid",
            kind=str,
            default="",
            help="UUID of a GPU or a MIG device, in place of the number",
        ),
    )


class AmdGpu(ReaderMeter):
    """An AMD accelerator by amdsmi."""

    name = "amdsmi"
    module = "tierbench.targets.meters.amd_gpu"
    options = (_INDEX,)


class Hailo(ReaderMeter):
    """A Hailo-8 module by HailoRT."""

    name = "hailo"
    module = "tierbench.targets.meters.hailo"
    options = (
        Option(name="device_id", kind=str, default="", help="its id; empty: the first"),
    )
