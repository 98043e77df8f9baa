"""NVIDIA GPUs through TensorRT."""

from __future__ import annotations

from ...harness.target import Tier
from ..nvidia_gpu import DEVICE, NvidiaGpu
from ..tensorrt import CUDA_GRAPH, SHARED, STREAMS, TF32, TensorRt


class Nvidia(NvidiaGpu, TensorRt):
    """A GPU in a server or workstation, or a MIG device of it."""

    name = "nvidia"
    tier = Tier.SERVER
    remedy = "pip install 'tierbench[nvidia]' tensorrt-cu13, and NVIDIA's driver"
    device_modules = (*SHARED, "tierbench.targets.nvidia.device")
    options = (
        DEVICE,
        TF32,
        STREAMS,
        CUDA_GRAPH,
    )
