"""ONNX Runtime on this machine's CPU."""

from __future__ import annotations

from ...harness.target import Option, Target, Tier


class HostOnnxruntime(Target):
    """ONNX Runtime's CPU provider, inputs and outputs bound to preallocated memory."""

    name = "host-onnxruntime"
    tier = Tier.HOST
    formats = ("onnx",)
    runtime = "onnxruntime"
    remedy = "pip install 'tierbench[host]'"
    device_modules = ("tierbench.targets.host_onnxruntime.device",)
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
    )
