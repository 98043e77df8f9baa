"""What the targets on TensorRT share: an engine is built of a model on the device.

``cuda`` reaches the driver, ``engine`` is the seam over TensorRT 10 and 11, ``layers``
reads what an engine tells of itself, ``session`` runs it.
"""

from __future__ import annotations

from typing import ClassVar

from ...harness.target import Kind, Need, Option, Target
from ...harness.values import Variant, Workload
from ..batch import fixed_batch

TENSORRT = "TensorRT 10.3 or later, from NVIDIA"

SHARED = tuple(
    f"tierbench.targets.tensorrt.{name}"
    for name in ("cuda", "layers", "engine", "session")
)
"""The modules that travel with the device half of each of these targets."""

TF32 = Option(
    name="tf32",
    kind=bool,
    default=False,
    help="let fp32 operators round their factors to TF32",
)
CUDA_GRAPH = Option(
    name="cuda_graph",
    kind=bool,
    default=False,
    help="record a call once as a CUDA graph and launch that",
)
STREAMS = Option(
    name="streams",
    kind=int,
    default=1,
    help="calls at once in offline and multi_stream, each in a stream of its own",
    minimum=1,
    maximum=64,
)


class TensorRt(Target):
    """A device that runs engines; subclasses name it."""

    formats = ("onnx",)
    runtime = "tensorrt"
    builds = True
    needs: ClassVar[tuple[Need, ...]] = (
        Need(Kind.MODULE, "tensorrt", f"install {TENSORRT}"),
        Need(
            Kind.MODULE,
            "cuda.bindings.driver",
            "pip install cuda-bindings of the CUDA version at hand, from NVIDIA",
        ),
    )

    def check(self, variant: Variant, workload: Workload) -> str | None:
        """Return that the batch is fixed in the file to another one, or None."""
        return fixed_batch(variant, workload)
