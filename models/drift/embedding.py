"""Give a model file a second output: what its last dense layer sees.

These activations, the penultimate ones, are those of the very variant that is deployed,
in its own precision. The runtime keeps them anyway, so the output costs a copy of a few
hundred numbers. A model without a dense layer is watched by its own output instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...harness.errors import ModelError

_DENSE = ("Gemm", "MatMul", "FusedGemm", "FusedMatMul")
_NAME = "embedding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Where embeddings are taken: a tensor of the file, and why this one."""

    tensor: str
    reason: str


def add_embedding(source: Path, out: Path) -> Layer:
    """Write a model file whose second output is the embedding.

    The weights and the first output are the source's own. In an ONNX file quantised in
    QDQ form the embedding is the real value behind the integers; a TFLite file puts out
    the integers, and the tensor's scale and zero point stand in the file.

    Raises:
        ModelError: the file has no output, or computes nothing.
    """
    if source.suffix == ".tflite":
        return _tflite(source, out)
    return _onnx(source, out)


def _onnx(source: Path, out: Path) -> Layer:
    import onnx

    model = onnx.load(source)
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    stored = {tensor.name for tensor in graph.initializer}
    if not graph.output or graph.output[0].name not in makers:
        raise ModelError(f"model {str(source)!r} computes no output to be watched")
    layer = _onnx_layer(graph.output[0].name, makers, stored)
    # a copy, so that the tensor itself may still be fused away
    graph.node.append(onnx.helper.make_node("Identity", [layer.tensor], [_NAME]))
    graph.output.append(onnx.helper.make_empty_tensor_value_info(_NAME))
    onnx.save(model, out)
    return layer


def _onnx_layer(output: str, makers: dict[str, Any], stored: set[str]) -> Layer:
    """Walk from the output towards the input until a dense layer is met."""
    name, seen = output, set[str]()
    while name in makers and name not in seen:
        seen.add(name)
        node = makers[name]
        if node.op_type in _DENSE and _is_stored(node.input[1], makers, stored):
            return Layer(tensor=node.input[0], reason=_penultimate(node.op_type))
        name = node.input[0] if node.input else ""
    return Layer(tensor=output, reason=_NO_DENSE)


def _is_stored(name: str, makers: dict[str, Any], stored: set[str]) -> bool:
    """Tell whether a tensor is a weight, behind converters or not."""
    while name in makers and makers[name].op_type in _CONVERTERS:
        name = makers[name].input[0]
    return name in stored


_CONVERTERS = ("Cast", "DequantizeLinear", "QuantizeLinear", "Transpose")
_NO_DENSE = "the model's output: no dense layer with weights stands before it"


def _penultimate(operator: str) -> str:
    return f"penultimate activations: the input of the last dense layer ({operator})"


def _tflite(source: Path, out: Path) -> Layer:
    from ai_edge_litert.schema_py_generated import TensorMapT
    from ai_edge_litert.tools import flatbuffer_utils

    model = flatbuffer_utils.read_model_from_bytearray(bytearray(source.read_bytes()))
    graph = model.subgraphs[0]
    makers = {index: made for made in graph.operators or [] for index in made.outputs}
    if len(graph.outputs) == 0 or graph.outputs[0] not in makers:
        raise ModelError(f"model {str(source)!r} computes no output to be watched")
    index, reason = _tflite_layer(model, int(graph.outputs[0]), makers)
    graph.outputs = [*graph.outputs, index]
    for signature in model.signatureDefs or []:
        named = TensorMapT()
        named.name, named.tensorIndex = _NAME.encode(), index
        signature.outputs.append(named)
    out.write_bytes(bytes(flatbuffer_utils.convert_object_to_bytearray(model)))
    return Layer(tensor=graph.tensors[index].name.decode(), reason=reason)


def _tflite_layer(model: Any, output: int, makers: dict[int, Any]) -> tuple[int, str]:
    """Return the tensor to be watched by its number, and why."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    def code(made: Any) -> Any:
        return model.operatorCodes[made.opcodeIndex].builtinCode

    def is_stored(tensor: int) -> bool:
        # weights of 16-bit floats stand behind a converter
        while tensor in makers and code(makers[tensor]) == BuiltinOperator.DEQUANTIZE:
            tensor = makers[tensor].inputs[0]
        return tensor not in makers

    tensor, seen = output, set[int]()
    while tensor in makers and tensor not in seen:
        seen.add(tensor)
        made = makers[tensor]
        dense = code(made) == BuiltinOperator.FULLY_CONNECTED
        if dense and is_stored(made.inputs[1]):
            return int(made.inputs[0]), _penultimate("FULLY_CONNECTED")
        tensor = made.inputs[0]
    return output, _NO_DENSE
