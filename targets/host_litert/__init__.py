"""LiteRT (the successor of TensorFlow Lite) on this machine's CPU."""

from __future__ import annotations

from ...harness.target import Option, Target, Tier
from ...harness.values import Variant, Workload
from ..batch import fixed_batch


class HostLitert(Target):
    """LiteRT's interpreter, with XNNPACK unless it is switched off."""

    name = "host-litert"
    tier = Tier.HOST
    formats = ("tflite",)
    runtime = "ai-edge-litert"
    remedy = "pip install 'tierbench[host]'"
    device_modules = ("tierbench.targets.host_litert.device",)
    own_meters = ("rapl",)
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

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return that the batch is fixed in the file, or None.

        A batch of 1 in the file is not fixed: the interpreter resizes its inputs.
        """
        return fixed_batch(variant, workload, resizes_one=True)
