"""What targets on an NVIDIA GPU share: which one it is, its power and its state."""

from __future__ import annotations

from ..harness import registry
from ..harness.meter import PowerMeter
from ..harness.target import Option, Target
from ..harness.watch import StateReader

DEVICE = Option(
    name="device",
    kind=str,
    default="0",
    help="number by PCI bus, or UUID, of a GPU or a MIG device",
)


class NvidiaGpu(Target):
    """A target whose option ``device`` names the GPU that it runs on."""

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
