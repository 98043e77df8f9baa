"""NVIDIA GPUs through ONNX Runtime, by its CUDA or its TensorRT provider."""

from __future__ import annotations

from ...harness.target import Kind, Need, Option, Tier
from ...harness.values import Variant, Workload
from ..fallback import CPU_FALLBACK
from ..nvidia_gpu import DEVICE, NvidiaGpu
from ..onnxruntime import OnnxruntimeTarget

REMEDY = (
    "pip install 'onnxruntime-gpu[cuda,cudnn]' nvidia-cublas nvidia-ml-py in a Python "
    "of its own without onnxruntime, from Microsoft and NVIDIA"
)


class NvidiaOnnxruntime(NvidiaGpu, OnnxruntimeTarget):
    """One GPU, or a part of one, from host memory to host memory."""

    name = "nvidia-onnxruntime"
    tier = Tier.SERVER
    runtime = "onnxruntime-gpu"
    remedy = REMEDY
    needs = (
        Need(
            Kind.FILE,
            "/proc/driver/nvidia/version",
            "install NVIDIA's driver for the GPU",
        ),
        Need(Kind.DISTRIBUTION, "onnxruntime-gpu", REMEDY),
        Need(
            Kind.DISTRIBUTION, "nvidia-ml-py", "pip install nvidia-ml-py, from NVIDIA"
        ),
    )
    builds = True
    device_modules = (
        "tierbench.targets.onnxruntime.session",
        "tierbench.targets.onnxruntime.placement",
        "tierbench.targets.onnxruntime.kernels",
        "tierbench.targets.onnxruntime.accelerated",
        "tierbench.targets.onnxruntime.distribution",
        "tierbench.targets.onnxruntime.libraries",
        "tierbench.targets.nvidia_onnxruntime.gpu",
        "tierbench.targets.nvidia_onnxruntime.device",
    )
    options = (
        Option(
            name="provider",
            kind=str,
            default="cuda",
            help="who computes; tensorrt needs TensorRT 10 on the machine",
            choices=("cuda", "tensorrt"),
        ),
        DEVICE,
        Option(
            name="tf32",
            kind=bool,
            default=False,
            help="round float32 to TF32 where values are multiplied",
        ),
        Option(
            name="fp16",
            kind=bool,
            default=False,
            help="let TensorRT compute in float16",
        ),
        CPU_FALLBACK,
    )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return which options do not go together, or that the batch is another."""
        if self.settings["fp16"] and self.settings["provider"] == "cuda":
            return (
                "fp16 is an option of provider = tensorrt; cuda computes in the file's "
                "own types: use a variant in float16"
            )
        return super().check(variant, workload)
