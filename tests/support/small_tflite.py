"""A small TensorFlow Lite file with two inputs."""

from pathlib import Path
from typing import Any

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


def _tensor(name: bytes, index: int) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.buffer = name, SHAPE, index + 1
    tensor.type = schema.TensorType.FLOAT32
    return tensor


def _named(name: bytes, index: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, index
    return entry
