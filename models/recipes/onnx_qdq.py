"""Static quantisation of an ONNX file by ONNX Runtime's quantiser.

The file is written in QDQ form with float32 inputs and outputs. Weights are symmetric.
8-bit activations are unsigned: on x86-64 the runtime has integer kernels for no others,
and with signed ones a part of the graph stays in float between conversions, which was
seen to take 3.5 times as long. 16-bit ones are signed and symmetric: OpenVINO 2026.4
was seen to compute nonsense with unsigned ones. TensorRT takes 8-bit activations only
signed and symmetric, and biases only in float: for it both can be had.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.errors import ModelError
from . import onnx_file, onnx_weights, samples
from .layers import EIGHT, Widths
from .onnx_ranges import MIN_MAX, Method, ranges
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

ONNX_TOOLS = ("onnx", "onnxruntime")


def onnx_static(
    *,
    widths: Widths = EIGHT,
    activation_bits: int = 8,
    per_channel: bool = True,
    signed: bool = False,
    method: Method = MIN_MAX,
) -> Conversion:
    """Return the conversion to integers of these widths, ranges found by a method."""
    parameters: dict[str, Any] = {
        "form": "QDQ",
        "weights": f"int{widths.bits}, symmetric, "
        f"per {'channel' if per_channel else 'tensor'}",
        "activations": f"int{activation_bits}, symmetric, per tensor"
        if signed or activation_bits == 16
        else "uint8, asymmetric, per tensor",
        "ranges": method.told,
        "inputs and outputs": "float32",
        "left in float32": list(_IN_FLOAT),
    }
    if signed:
        parameters["biases"] = "float32"
    if widths is not EIGHT:
        parameters["scale of 4-bit weights"] = "largest magnitude / 7"
        parameters |= widths.told

    def apply(source: Path, given: Mapping[str, NDArray[Any]], out: Path) -> None:
        opset = _WIDE_OPSET if widths is not EIGHT or activation_bits == 16 else 0
        model = prepared(source, opset)
        portions = samples.portions(given, onnx_file.inputs(model))
        found = ranges(model, portions, quantised_types(model), method)
        quantise(model, found, out, widths, activation_bits, per_channel, signed)

    return Conversion(
        weight_bits=widths.bits,
        activation_bits=activation_bits,
        calibrated=True,
        tools=ONNX_TOOLS,
        parameters=parameters,
        apply=apply,
    )


def prepared(source: Path, opset: int = _WIDE_OPSET) -> Any:
    """Return an fp32 model with the shapes of its tensors, of this opset at least.

    Raises:
        ModelError: it cannot be quantised.
    """
    from onnx.shape_inference import infer_shapes

    model = infer_shapes(onnx_file.load(source, opset=opset))
    if not quantised_types(model):
        found = ", ".join(sorted({node.op_type for node in model.graph.node}))
        raise ModelError(
            f"none of its operators can be quantised: {found}; use it in float32"
        )
    return model


def quantised_types(model: Any) -> list[str]:
    """Return the types of its operators to quantise, in an order that never changes."""
    from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

    known = {*QLinearOpsRegistry, *QDQRegistry}.difference(_IN_FLOAT)
    return sorted(known.intersection(node.op_type for node in model.graph.node))


def quantise(
    model: Any,
    found: Any,
    out: Path,
    widths: Widths,
    activation_bits: int = 8,
    per_channel: bool = True,
    signed: bool = False,
) -> None:
    """Write a prepared model in integers; the model stays as it is.

    Args:
        model: what ``prepared`` returned, of opset 21 for 4 or 16 bits.
        found: the ranges of its activations.
        out: the file to write.
        widths: of the weights.
        activation_bits: 8 or 16.
        per_channel: whether weights have a scale for each channel.
        signed: whether 8-bit activations are signed and biases stay in float.

    Raises:
        ModelError: no weight can be as narrow as is asked for.
    """
    import onnx
    from onnxruntime.quantization import QDQQuantizer, QuantType

    options: dict[str, Any] = {
        "WeightSymmetric": True,
        "ActivationSymmetric": signed or activation_bits == 16,
        "QuantizeBias": not signed,
    }
    if widths is not EIGHT:
        layers = [layer for layer, _ in onnx_weights.layers(model).values()]
        names = [layer.name for layer in layers if widths.is_narrow(layer)]
        if not names and widths.bits == 4:
            raise ModelError(
                "it has no weight that 4 bits are enough for; choose 8 bits"
            )
        options["TensorQuantOverrides"] = onnx_weights.int4_overrides(model, names)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    quantiser = QDQQuantizer(
        copy,
        per_channel=per_channel,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=_activations(activation_bits, signed),
        tensors_range=found,
        nodes_to_quantize=[],
        nodes_to_exclude=[],
        op_types_to_quantize=quantised_types(model),
        extra_options=options,
    )
    quantiser.quantize_model()
    quantiser.model.save_model_to_file(str(out), False)
    onnx_file.tidy(out)


def _activations(bits: int, signed: bool) -> Any:
    from onnxruntime.quantization import QuantType

    if bits == 16:
        return QuantType.QInt16
    return QuantType.QInt8 if signed else QuantType.QUInt8


def mark_prepared(model: Any) -> None:
    """Tell the quantiser that shapes are known, or it logs advice at every build."""
    mark = model.metadata_props.add()
    mark.key, mark.value = "onnx.quant.pre_process", "onnxruntime.quant"
