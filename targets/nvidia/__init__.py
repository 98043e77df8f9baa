"""NVIDIA GPUs through TensorRT."""

from __future__ import annotations

from ...harness import registry
from ...harness.meter import PowerMeter
from ...harness.target import Option, Tier
from ...harness.watch import StateReader
from ..tensorrt import CUDA_GRAPH, SHARED, STREAMS, TF32, TensorRt


class Nvidia(TensorRt):
    """A GPU in a server or workstation, or a MIG device of it."""

    name = "nvidia"
    tier = Tier.SERVER
    remedy = "pip install 'tierbench[nvidia]' tensorrt-cu13, and NVIDIA's driver"
    device_modules = (*SHARED, "tierbench.targets.nvidia.device")
    options = (
        Option(
            name="device",
            kind=str,
            default="0",
            help="number by PCI bus, or UUID, of a GPU or a MIG device",
        ),
        TF32,
        STREAMS,
        CUDA_GRAPH,
    )

    def meters(self) -> tuple[PowerMeter, ...]:
        """Return NVML's meter of the same GPU."""
        kind = registry.find(registry.METERS, "nvml")
        return (kind(self._same_gpu, python=self.python),)

    def readers(self) -> tuple[StateReader, ...]:
        """Return NVML's reader of the same GPU, and what Linux tells of the host."""
        module = "tierbench.targets.state.nvml"
        reader = StateReader(module=module, options=self._same_gpu, python=self.python)
        return (reader, *super().readers())

    @property
    def _same_gpu(self) -> dict[str, str | int]:
        device = str(self.settings["device"])
        return {"index": int(device)} if device.isdecimal() else {"uuid": device}
