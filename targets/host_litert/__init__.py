"""LiteRT (the successor of TensorFlow Lite) on this machine's CPU."""

from __future__ import annotations

from ...harness.target import Option, Target, Tier


class HostLitert(Target):
    """LiteRT's interpreter, with XNNPACK unless it is switched off."""

    name = "host-litert"
    tier = Tier.HOST
    formats = ("tflite",)
    runtime = "ai-edge-litert"
    remedy = "pip install 'tierbench[host]'"
    device_modules = ("tierbench.targets.host_litert.device",)
    options = (
        Option(
            name="threads",
            kind=int,
            default=1,
            help="threads of the interpreter",
            minimum=1,
            maximum=1024,
        ),
        Option(
            name="xnnpack",
            kind=bool,
            default=True,
            help="use XNNPACK's kernels where they exist",
        ),
    )
