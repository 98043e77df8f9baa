"""Dynamic quantisation of an ONNX file by ONNX Runtime's quantiser.

Weights are integers, and so are the activations that meet them: their scale is found at
every call, over the whole tensor, so that a sample's answer may depend a little on
those that share its batch. Convolutions have one scale for all weights, which is all
that the operator takes here; dense layers one for each channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.errors import ModelError
from . import onnx_file, onnx_weights
from .onnx_qdq import ONNX_TOOLS, mark_prepared
from .recipe import Conversion

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TYPES = ["Conv", "Gemm", "MatMul"]


def _convert(source: Path, _: Mapping[str, NDArray[Any]], out: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx_file.load(source)
    if not onnx_weights.layers(model):
        raise ModelError(
            f"it has no {' or '.join(_TYPES)} with stored weights; use it in float32"
        )
    mark_prepared(model)
    quantize_dynamic(
        model,
        out,
        op_types_to_quantize=_TYPES,
        per_channel=True,
        weight_type=QuantType.QInt8,
        extra_options={"WeightSymmetric": True},
    )
    onnx_file.tidy(out)


ONNX_DYNAMIC = Conversion(
    weight_bits=8,
    activation_bits=32,
    calibrated=False,
    tools=ONNX_TOOLS,
    parameters={
        "weights": "int8, symmetric, per channel in dense layers, else per tensor",
        "activations": "float32; where they meet weights uint8, asymmetric, per "
        "tensor, scaled at every call",
        "inputs and outputs": "float32",
        "operators": _TYPES,
    },
    apply=_convert,
)
