"""AMD Instinct accelerators through ONNX Runtime's MIGraphX provider."""

from __future__ import annotations

from ...harness import registry
from ...harness.meter import PowerMeter
from ...harness.target import Kind, Need, Option, Tier
from ...harness.watch import StateReader
from ..fallback import CPU_FALLBACK
from ..onnxruntime import OnnxruntimeTarget

REMEDY = (
    "pip install onnxruntime-migraphx in a Python of its own without onnxruntime, from "
    "AMD and Microsoft"
)
ROCM = "install ROCm 7 with MIGraphX (package migraphx), from AMD"


class Amd(OnnxruntimeTarget):
    """One accelerator, from host memory to host memory."""

    name = "amd"
    tier = Tier.SERVER
    runtime = "onnxruntime-migraphx"
    remedy = REMEDY
    needs = (
        Need(Kind.FILE, "/dev/kfd", "install AMD's driver (amdgpu-dkms), from AMD"),
        Need.any_of(
            (
                (Kind.FILE, "/opt/rocm/lib/libmigraphx_c.so.3*"),
                (Kind.FILE, "/opt/rocm/lib/migraphx/lib/libmigraphx_c.so.3*"),
                (Kind.FILE, "/usr/lib/*/libmigraphx_c.so.3*"),
            ),
            ROCM,
        ),
        Need(Kind.DISTRIBUTION, "onnxruntime-migraphx", REMEDY),
        Need(
            Kind.DISTRIBUTION,
            "amdsmi",
            "pip install amdsmi of the version of ROCm, or /opt/rocm/share/amd_smi, "
            "from AMD",
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
        "tierbench.targets.amd.gpu",
        "tierbench.targets.amd.device",
    )
    options = (
        Option(
            name="device",
            kind=int,
            default=0,
            help="the GPU's number, as amdsmi lists them",
            minimum=0,
        ),
        Option(
            name="precision",
            kind=str,
            default="file",
            help="what float32 is converted to; file: nothing",
            choices=("file", "fp16", "bf16"),
        ),
        Option(
            name="exhaustive_tune",
            kind=bool,
            default=False,
            help="try all kernels as the model is compiled",
        ),
        CPU_FALLBACK,
    )

    def readers(self) -> tuple[StateReader, ...]:
        """Return amdsmi's, of the same GPU."""
        options = {"index": int(self.settings["device"])}
        module = "tierbench.targets.state.amd_gpu"
        return (StateReader(module=module, options=options, python=self.python),)

    def meters(self) -> tuple[PowerMeter, ...]:
        """Return amdsmi's meter of the same GPU."""
        kind = registry.find(registry.METERS, "amdsmi")
        return (kind({"index": int(self.settings["device"])}, self.python),)
