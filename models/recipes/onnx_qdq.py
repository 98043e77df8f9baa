"""Static quantisation of an ONNX file by ONNX Runtime's quantiser.

The file is written in QDQ form with float32 inputs and outputs. Ranges of activations
are the extremes over all samples; weights are symmetric. 8-bit activations are
unsigned: on x86-64 the runtime has integer kernels for no others, and with signed ones
a part of the graph stays in float between conversions, which was seen to take 3.5
times as long. 16-bit ones are signed and symmetric: OpenVINO 2026.4 was seen to compute
nonsense with unsigned ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import onnx_file, samples
from .onnx_int4 import int4_weights
from .recipe import Conversion

if TYPE_CHECKING:
    from numpy.typing import NDArray

_IN_FLOAT = (
    "BatchNormalization",
    "EmbedLayerNormalization",
    "InstanceNormalization",
    "LayerNormalization",
    "Softmax",
)
"""Operators left alone: normalisations have no integer kernel in ONNX Runtime, and
softmax would round every probability to a step of 1/256."""

_WIDE_OPSET = 21
"""The first version of the standard whose markers know 4 and 16 bits."""


def onnx_static(
    *, weight_bits: int = 8, activation_bits: int = 8, per_channel: bool = True
) -> Conversion:
    """Return the conversion to integers of these widths.

    With 4 bits a convolution that sees one input channel at a time keeps 8.
    """
    parameters: dict[str, Any] = {
        "form": "QDQ",
        "weights": f"int{weight_bits}, symmetric, "
        f"per {'channel' if per_channel else 'tensor'}",
        "activations": "uint8, asymmetric, per tensor"
        if activation_bits == 8
        else "int16, symmetric, per tensor",
        "ranges": "minimum and maximum",
        "inputs and outputs": "float32",
        "left in float32": list(_IN_FLOAT),
    }
    if weight_bits == 4:
        parameters["weights of 8 bits"] = "convolutions with one input channel a group"
        parameters["scale of 4-bit weights"] = "largest magnitude / 7"

    def apply(source: Path, given: Mapping[str, NDArray[Any]], out: Path) -> None:
        _quantise(source, given, out, weight_bits, activation_bits, per_channel)

    return Conversion(
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        calibrated=True,
        tools=("onnx", "onnxruntime"),
        parameters=parameters,
        apply=apply,
    )


def _quantise(
    source: Path,
    given: Mapping[str, NDArray[Any]],
    out: Path,
    weight_bits: int,
    activation_bits: int,
    per_channel: bool,
) -> None:
    from onnx.shape_inference import infer_shapes
    from onnxruntime.quantization import (
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    is_wide = weight_bits == 4 or activation_bits == 16
    model = infer_shapes(onnx_file.load(source, opset=_WIDE_OPSET if is_wide else 0))
    _mark_prepared(model)
    options: dict[str, Any] = {
        "WeightSymmetric": True,
        "ActivationSymmetric": activation_bits == 16,
    }
    if weight_bits == 4:
        options["TensorQuantOverrides"] = int4_weights(model)
    wide, narrow = QuantType.QInt16, QuantType.QUInt8
    quantize_static(
        model,
        out,
        _reader(samples.portions(given, onnx_file.inputs(model))),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=_quantised_types(),
        per_channel=per_channel,
        weight_type=QuantType.QInt8,
        activation_type=wide if activation_bits == 16 else narrow,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options=options,
    )
    onnx_file.tidy(out)


def _quantised_types() -> list[str]:
    """Return the operators to quantise, in an order that is the same every time."""
    from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

    known = {*QLinearOpsRegistry, *QDQRegistry}
    return sorted(known.difference(_IN_FLOAT))


def _reader(portions: Any) -> Any:
    """Return the samples in the form in which the quantiser asks for them."""
    from onnxruntime.quantization import CalibrationDataReader

    class Samples(CalibrationDataReader):  # type: ignore[misc, unused-ignore]
        def get_next(self) -> dict[str, Any] | None:
            return next(portions, None)

    return Samples()


def _mark_prepared(model: Any) -> None:
    """Tell the quantiser that shapes are known, or it logs advice at every build."""
    mark = model.metadata_props.add()
    mark.key, mark.value = "onnx.quant.pre_process", "onnxruntime.quant"
