"""ONNX Runtime on this machine's CPU."""

from __future__ import annotations

from ...harness.target import Option, Tier
from ..onnxruntime import OnnxruntimeTarget


class HostOnnxruntime(OnnxruntimeTarget):
    """ONNX Runtime's CPU provider, inputs and outputs bound to preallocated memory."""

    name = "host-onnxruntime"
    tier = Tier.HOST
    runtime = "onnxruntime"
    remedy = "pip install 'tierbench[host]'"
    device_modules = (
        "tierbench.targets.onnxruntime.session",
        "tierbench.targets.host_onnxruntime.device",
    )
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
