"""NVIDIA Jetson Orin modules through TensorRT, on the GPU or a DLA."""

from __future__ import annotations

from ...harness.target import Kind, Need, Option, Tier
from ...harness.watch import StateReader
from ..tensorrt import CUDA_GRAPH, SHARED, STREAMS, TF32, TensorRt


class Jetson(TensorRt):
    """A Jetson with JetPack 6: AGX Orin, Orin NX, Orin Nano."""

    name = "jetson"
    tier = Tier.ACCELERATOR
    remedy = "install JetPack 6, from NVIDIA, and cuda-bindings of its CUDA version"
    device_modules = (
        *SHARED,
        "tierbench.targets.jetson.modes",
        "tierbench.targets.jetson.device",
    )
    needs = (
        Need(
            Kind.FILE,
            "/etc/nv_tegra_release",
            "install JetPack 6, from NVIDIA, on a Jetson",
        ),
        Need(Kind.PROGRAM, "nvpmodel", "apt install nvidia-l4t-nvpmodel, from NVIDIA"),
        *TensorRt.needs,
    )
    own_meters = ("jetson",)
    options = (
        Option(
            name="dla",
            kind=int,
            default=-1,
            help="the DLA core that runs the model; -1: the GPU",
            minimum=-1,
            maximum=1,
        ),
        Option(
            name="gpu_fallback",
            kind=bool,
            default=False,
            help="let layers that the DLA does not take run on the GPU",
        ),
        Option(
            name="power_mode",
            kind=int,
            default=-1,
            help="number of the nvpmodel mode to set while it runs; -1: as it is",
            minimum=-1,
        ),
        Option(
            name="jetson_clocks",
            kind=bool,
            default=False,
            help="hold the clocks at their highest while it runs",
        ),
        TF32,
        STREAMS,
        CUDA_GRAPH,
    )

    def readers(self) -> tuple[StateReader, ...]:
        """Return the module's own reader, and what Linux tells of it."""
        module = "tierbench.targets.state.jetson"
        own = StateReader(module=module, python=self.python)
        return (*super().readers(), own)
