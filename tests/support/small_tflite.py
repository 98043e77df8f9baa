"""Small TensorFlow Lite files: one with two inputs, one with stored weights."""

from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

SHAPE = [1, 4]


def write_adding(path: Path) -> Path:
    """Write a model that adds ``a`` and ``b``; its signature calls them one and two."""
    graph = schema.SubGraphT()
    graph.tensors = [_tensor(name, i) for i, name in enumerate((b"a", b"b", b"sum"))]
    graph.inputs, graph.outputs = [0, 1], [2]
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.AddOptions
    operator.builtinOptions = schema.AddOptionsT()
    graph.operators = [operator]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.ADD
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs = [_named(b"one", 0), _named(b"two", 1)]
    signature.outputs = [_named(b"result", 2)]
    model = schema.ModelT()
    model.version = 3
    model.operatorCodes, model.subgraphs = [code], [graph]
    model.signatureDefs = [signature]
    model.buffers = [schema.BufferT() for _ in range(4)]
    path.write_bytes(bytes(flatbuffer_utils.convert_object_to_bytearray(model)))
    return path


def write_convolutions(path: Path, *weights: Any) -> Path:
    """Write 1 x 1 convolutions over ``x`` one after the other: y0, y1, ...

    Each one's weights are [outputs, 1, 1, inputs]; the image is 4 x 4.
    """
    graph = schema.SubGraphT()
    buffers = [schema.BufferT()]
    graph.tensors = [_image(b"x", weights[0].shape[3])]
    graph.inputs, graph.operators = [0], []
    for number, values in enumerate(weights):
        operator = schema.OperatorT()
        operator.opcodeIndex = 0
        operator.inputs = [len(graph.tensors) - 1, len(graph.tensors)]
        operator.inputs.append(len(graph.tensors) + 1)
        operator.outputs = [len(graph.tensors) + 2]
        operator.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
        operator.builtinOptions = schema.Conv2DOptionsT()
        operator.builtinOptions.strideH = operator.builtinOptions.strideW = 1
        graph.operators.append(operator)
        bias = np.zeros(len(values), "<f4")
        for name, stored in ((f"w{number}", values), (f"b{number}", bias)):
            buffers.append(schema.BufferT())
            content = np.ascontiguousarray(stored, "<f4").tobytes()
            buffers[-1].data = np.frombuffer(content, np.uint8)
            tensor = _tensor(name.encode(), 0)
            tensor.shape, tensor.buffer = list(stored.shape), len(buffers) - 1
            graph.tensors.append(tensor)
        graph.tensors.append(_image(f"y{number}".encode(), len(values)))
    graph.outputs = [len(graph.tensors) - 1]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    code.version = 1
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs = [_named(b"x", 0)]
    signature.outputs = [_named(b"y", graph.outputs[0])]
    model = schema.ModelT()
    model.version = 3
    model.operatorCodes, model.subgraphs = [code], [graph]
    model.signatureDefs, model.buffers = [signature], buffers
    path.write_bytes(bytes(flatbuffer_utils.convert_object_to_bytearray(model)))
    return path


def _image(name: bytes, channels: int) -> Any:
    tensor = _tensor(name, -1)
    tensor.shape = [1, 4, 4, channels]
    return tensor


def _tensor(name: bytes, index: int) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name, SHAPE, index + 1
    tensor.type = schema.TensorType.FLOAT32
    return tensor


def _named(name: bytes, index: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, index
    return entry


def write_edgetpu(
    path: Path, on_cpu: bool = False, graphs: int = 1, compiled: bool = True
) -> Path:
    """Write what ``edgetpu_compiler`` leaves of a model: custom operators, in a row.

    Args:
        path: where to.
        on_cpu: add an operator that was left to the CPU, a cast to float.
        graphs: operators for the Edge TPU.
        compiled: False for the cast alone.
    """
    graph = schema.SubGraphT()
    graph.tensors = [_bytes(b"x", 0)]
    graph.operators = []
    for number in range(graphs if compiled else 0):
        graph.tensors.append(_bytes(f"y{number}".encode(), 1 + number))
        graph.operators.append(_step(0, number))
        package = np.frombuffer(b"a package for the chip", np.uint8)
        graph.operators[-1].customOptions = package
    if on_cpu or not compiled:
        last = len(graph.tensors) - 1
        graph.tensors.append(_tensor(b"z", last + 1))
        graph.operators.append(_step(1, last))
    graph.inputs, graph.outputs = [0], [len(graph.tensors) - 1]
    custom, cast = schema.OperatorCodeT(), schema.OperatorCodeT()
    custom.builtinCode = custom.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
    custom.customCode = b"edgetpu-custom-op"
    cast.builtinCode = cast.deprecatedBuiltinCode = schema.BuiltinOperator.CAST
    model = schema.ModelT()
    model.version = 3
    model.operatorCodes, model.subgraphs = [custom, cast], [graph]
    model.buffers = [schema.BufferT() for _ in range(len(graph.tensors) + 1)]
    path.write_bytes(bytes(flatbuffer_utils.convert_object_to_bytearray(model)))
    return path


def _bytes(name: bytes, index: int) -> Any:
    tensor = _tensor(name, index)
    tensor.type = schema.TensorType.UINT8
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [0.5], [10]
    return tensor


def _step(code: int, source: int) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex = code
    operator.inputs, operator.outputs = [source], [source + 1]
    return operator
