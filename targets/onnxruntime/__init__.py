"""What every target of ONNX Runtime shares, whichever provider computes."""

from __future__ import annotations

from ...harness.target import Target
from ...harness.values import Variant, Workload
from ..batch import fixed_batch


class OnnxruntimeTarget(Target):
    """A provider of ONNX Runtime, inputs and outputs bound to host memory."""

    formats = ("onnx",)

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return that the batch is fixed in the file to another one, or None."""
        return fixed_batch(variant, workload)
