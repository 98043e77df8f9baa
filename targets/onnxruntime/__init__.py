"""What every target of ONNX Runtime shares, whichever provider computes."""

from __future__ import annotations

from ...harness.target import Target
from ...harness.values import Variant, Workload


class OnnxruntimeTarget(Target):
    """A provider of ONNX Runtime, inputs and outputs bound to host memory."""

    formats = ("onnx",)

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return that the batch is fixed in the file to another one, or None."""
        for spec in variant.profile.inputs:
            if spec.shape and spec.shape[0] not in (-1, workload.batch):
                return (
                    f"input {spec.name!r} has a fixed batch of {spec.shape[0]}, "
                    f"not {workload.batch}; export the model with a free batch"
                )
        return None
