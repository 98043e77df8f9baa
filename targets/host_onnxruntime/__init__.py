"""ONNX Runtime on this machine's CPU."""

from __future__ import annotations

from ...harness.target import Option, Target, Tier
from ...harness.values import Variant, Workload


class HostOnnxruntime(Target):
    """ONNX Runtime's CPU provider, inputs and outputs bound to preallocated memory."""

    name = "host-onnxruntime"
    tier = Tier.HOST
    formats = ("onnx",)
    runtime = "onnxruntime"
    remedy = "pip install 'tierbench[host]'"
    device_modules = ("tierbench.targets.host_onnxruntime.device",)
    own_meters = ("rapl",)
    options = (
        Option(
            name="threads",
            kind=int,
            default=1,
            help="threads within an operator",
            minimum=1,
            maximum=1024,
        ),
        Option(
            name="graph_optimization",
            kind=str,
            default="all",
            help="how far the runtime may rewrite the graph",
            choices=("disabled", "basic", "extended", "all"),
        ),
        Option(
            name="memory_arena",
            kind=bool,
            default=True,
            help="keep memory of activations from call to call",
        ),
        Option(
            name="prepacking",
            kind=bool,
            default=True,
            help="keep weights a second time, in the kernels' own layout",
        ),
    )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return that the batch is fixed in the file to another one, or None."""
        for spec in variant.profile.inputs:
            if spec.shape and spec.shape[0] not in (-1, workload.batch):
                return (
                    f"input {spec.name!r} has a fixed batch of {spec.shape[0]}, "
                    f"not {workload.batch}; export the model with a free batch"
                )
        return None
