from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from tierbench.harness import formats
from tierbench.harness.errors import ModelError
from tierbench.harness.formats import inspect_model
from tierbench.harness.formats.__main__ import answer, read
from tierbench.harness.formats.graph import Graph, Step, Tensor, profile
from tierbench.harness.values import ModelProfile, TensorSpec

schema = pytest.importorskip("ai_edge_litert.schema_py_generated")
import flatbuffers  # noqa: E402  (comes with the above)

F32 = TensorProto.FLOAT


# --- ONNX


def value(name: str, shape: Sequence[Any] | None, kind: int = F32) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def stored(name: str, *shape: int, dtype: Any = np.float32) -> Any:
    return numpy_helper.from_array(np.ones(shape, dtype), name)


def onnx_model(
    nodes: list[Any],
    inputs: list[Any],
    outputs: list[Any],
    stored: list[Any],
    domains: Sequence[str] = (),
) -> Any:
    graph = helper.make_graph(nodes, "g", inputs, outputs, stored)
    versions = {"": 21, **dict.fromkeys(domains, 1)}
    opsets = [helper.make_opsetid(*pair) for pair in versions.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def convolutional(batch: Any = "n") -> Any:
    """Return conv 3x3 -> relu -> depthwise 3x3 -> conv 1x1 -> mean -> dense."""
    return onnx_model(
        [
            helper.make_node("Conv", ["x", "w0", "b0"], ["c0"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c0"], ["r0"]),
            helper.make_node("Conv", ["r0", "w1"], ["c1"], pads=[1] * 4, group=4),
            helper.make_node("Conv", ["c1", "w2"], ["c2"]),
            helper.make_node("GlobalAveragePool", ["c2"], ["p"]),
            helper.make_node("Flatten", ["p"], ["f"]),
            helper.make_node("Gemm", ["f", "w3", "b3"], ["y"], transB=1),
        ],
        [value("x", [batch, 3, 8, 8])],
        [value("y", [batch, 10])],
        [
            stored("w0", 4, 3, 3, 3),
            stored("b0", 4),
            stored("w1", 4, 1, 3, 3),
            stored("w2", 8, 4, 1, 1),
            stored("w3", 10, 8),
            stored("b3", 10),
        ],
    )


CONVOLUTIONAL_MACS = {
    "conv": 4 * 64 * 27,
    "depthwise": 4 * 64 * 9,
    "conv1x1": 8 * 64 * 4,
    "dense": 80,
    "other": 0,
}
CONVOLUTIONAL_PARAMETERS = 108 + 4 + 36 + 32 + 80 + 10


def quantised(domain: str = "", input_type: int = F32) -> Any:
    """Return a dense layer between markers, weights per channel in int8."""

    def marker(kind: str, x: str, scale: str, zero: str, y: str, **more: Any) -> Any:
        return helper.make_node(kind, [x, scale, zero], [y], domain=domain, **more)

    q, dq = "QuantizeLinear", "DequantizeLinear"
    first = [marker(q, "x", "s", "z", "xq")] if input_type == F32 else []
    start = "xq" if first else "x"
    return onnx_model(
        [
            *first,
            marker(dq, start, "s", "z", "xd"),
            marker(dq, "w", "sw", "zw", "wd", axis=1),
            helper.make_node("MatMul", ["xd", "wd"], ["m"]),
            marker(q, "m", "s", "z", "mq"),
            marker(dq, "mq", "s", "z", "y"),
        ],
        [value("x", ["n", 64], input_type)],
        [value("y", ["n", 16])],
        [
            numpy_helper.from_array(np.float32(0.5), "s"),
            numpy_helper.from_array(np.int8(3), "z"),
            stored("w", 64, 16, dtype=np.int8),
            stored("sw", 16),
            stored("zw", 16, dtype=np.int8),
        ],
        domains=[domain] if domain else [],
    )


def saved(model: Any, path: Path) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


def profiled(path: Path) -> ModelProfile:
    """Return a profile without a process of its own."""
    return profile(read(path))


@pytest.mark.parametrize("batch", ["n", 1])
def test_onnx_convolutions_are_counted_for_one_sample(
    batch: Any, tmp_path: Path
) -> None:
    found = profiled(saved(convolutional(batch), tmp_path / "m.onnx"))
    assert found.macs == CONVOLUTIONAL_MACS
    assert found.macs_total == sum(CONVOLUTIONAL_MACS.values())
    assert found.parameters == CONVOLUTIONAL_PARAMETERS
    assert found.operators == {
        "Conv": 3,
        "Flatten": 1,
        "Gemm": 1,
        "GlobalAveragePool": 1,
        "Relu": 1,
    }
    assert found.peak_activation_bytes == (4 + 8) * 64 * 4  # at the 1x1 convolution
    assert (found.weight_bits, found.activation_bits) == (32, 32)
    free = -1 if batch == "n" else 1
    assert found.inputs == (
        TensorSpec(name="x", dtype="float32", shape=(free, 3, 8, 8)),
    )
    assert found.outputs == (TensorSpec(name="y", dtype="float32", shape=(free, 10)),)


@pytest.mark.parametrize("domain", ["", "com.microsoft"])
def test_onnx_markers_are_folded_into_the_tensors(domain: str, tmp_path: Path) -> None:
    found = profiled(saved(quantised(domain), tmp_path / "m.onnx"))
    assert found.macs is not None
    assert found.macs["dense"] == 64 * 16
    assert found.parameters == 64 * 16
    assert (found.weight_bits, found.activation_bits) == (8, 8)
    # The float input and its int8 image are there at once; nothing else is float
    # before the output.
    assert found.peak_activation_bytes == 64 * 4 + 64
    assert sum(found.operators.values()) == 6
    assert found.inputs[0].scale is None


def test_onnx_quantised_input_has_its_scale(tmp_path: Path) -> None:
    model = quantised(input_type=TensorProto.INT8)
    found = profiled(saved(model, tmp_path / "m.onnx"))
    assert found.inputs == (
        TensorSpec(name="x", dtype="int8", shape=(-1, 64), scale=0.5, zero_point=3),
    )
    assert found.peak_activation_bytes == 16 + 16 * 4


def test_onnx_float_read_twice_stays_float(tmp_path: Path) -> None:
    model = quantised()
    model.graph.node.append(helper.make_node("Relu", ["m"], ["z2"]))
    model.graph.output.append(value("z2", ["n", 16]))
    found = profiled(saved(model, tmp_path / "m.onnx"))
    assert found.peak_activation_bytes is not None
    assert found.peak_activation_bytes >= 16 * 4 * 2


def test_onnx_rectifiers_need_no_memory(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Tanh", ["x"], ["t"]),
        helper.make_node("Relu", ["t"], ["r"]),
        helper.make_node("Clip", ["r"], ["c"]),
        helper.make_node("GlobalAveragePool", ["c"], ["y"]),
    ]
    shape = [1, 2, 5, 5]
    model = onnx_model(nodes, [value("x", shape)], [value("y", [1, 2, 1, 1])], [])
    found = profiled(saved(model, tmp_path / "m.onnx"))
    assert found.peak_activation_bytes == 2 * 200
    assert found.operators["Relu"] == 1


def test_onnx_rectifiers_of_quantised_tensors_need_no_memory(tmp_path: Path) -> None:
    q, dq = "QuantizeLinear", "DequantizeLinear"
    nodes = [
        helper.make_node(dq, ["x", "s", "z"], ["xd"]),
        helper.make_node("Tanh", ["xd"], ["t"]),
        helper.make_node(q, ["t", "s", "z"], ["tq"]),
        helper.make_node(dq, ["tq", "s", "z"], ["td"]),
        helper.make_node("Relu", ["td"], ["r"]),
        helper.make_node(q, ["r", "s", "z"], ["rq"]),
        helper.make_node(dq, ["rq", "s", "z"], ["rd"]),
        helper.make_node("GlobalAveragePool", ["rd"], ["p"]),
        helper.make_node(q, ["p", "s", "z"], ["y"]),
    ]
    constants = [
        numpy_helper.from_array(np.float32(0.5), "s"),
        numpy_helper.from_array(np.int16(0), "z"),
    ]
    kind, shape = TensorProto.INT16, [1, 2, 5, 5]
    ends = [value("x", shape, kind)], [value("y", [1, 2, 1, 1], kind)]
    found = profiled(saved(onnx_model(nodes, *ends, constants), tmp_path / "m.onnx"))
    assert found.peak_activation_bytes == 2 * 100
    assert found.activation_bits == 16


def test_onnx_packed_weights_count_as_what_they_are(tmp_path: Path) -> None:
    node = helper.make_node(
        "MatMulNBits",
        ["x", "w", "s"],
        ["y"],
        domain="com.microsoft",
        N=16,
        K=64,
        bits=4,
        block_size=32,
    )
    model = onnx_model(
        [node],
        [value("x", ["n", 64])],
        [value("y", ["n", 16])],
        [stored("w", 16, 2, 16, dtype=np.uint8), stored("s", 32)],
        domains=["com.microsoft"],
    )
    found = profiled(saved(model, tmp_path / "m.onnx"))
    assert (found.parameters, found.weight_bits) == (1024, 4)


@pytest.mark.parametrize(
    ("name", "shapes", "kind", "macs"),
    [
        ("MatMul", [(1, 5, 4), (4, 2), (1, 5, 2)], "dense", 40),
        ("ConvTranspose", [(1, 4, 5), (4, 3, 2), (1, 3, 6)], "conv", 4 * 5 * 6),
        ("LSTM", [(7, 1, 3), (1, 8, 3), (1, 8, 2), (7, 1, 1, 2)], "other", 7 * 40),
        ("Einsum", [(1, 4), (4, 2), (1, 2)], "other", None),
    ],
)
def test_onnx_operators(
    name: str,
    shapes: list[tuple[int, ...]],
    kind: str,
    macs: int | None,
    tmp_path: Path,
) -> None:
    settings = {"LSTM": {"hidden_size": 2}, "Einsum": {"equation": "ab,bc->ac"}}
    x, *weights, y = shapes
    names = [f"w{i}" for i in range(len(weights))]
    model = onnx_model(
        [helper.make_node(name, ["x", *names], ["y"], **settings.get(name, {}))],
        [value("x", x)],
        [value("y", y)],
        [stored(n, *shape) for n, shape in zip(names, weights, strict=True)],
    )
    found = profiled(saved(model, tmp_path / "m.onnx"))
    assert (found.macs or {}).get(kind) == macs


def test_what_cannot_be_counted_is_none(tmp_path: Path) -> None:
    node = helper.make_node("Engine", ["x"], ["y"], domain="vendor")
    model = onnx_model([node], [value("x", [1])], [value("y", None)], [], ["vendor"])
    found = profiled(saved(model, tmp_path / "m.onnx"))
    assert found.macs is None
    assert found.macs_total is None
    assert found.peak_activation_bytes is None
    assert (found.parameters, found.weight_bits) == (0, None)
    assert found.operators == {"vendor:Engine": 1}


def test_a_loop_of_products_cannot_be_counted(tmp_path: Path) -> None:
    def branch(operator: str) -> Any:
        node = helper.make_node(operator, ["x", "x"], ["o"])
        return helper.make_graph([node], "b", [], [value("o", [2, 2])])

    for operator, macs in [("Add", 0), ("MatMul", None)]:
        node = helper.make_node(
            "If", ["c"], ["y"], then_branch=branch("Add"), else_branch=branch(operator)
        )
        model = onnx_model(
            [node],
            [value("c", [], TensorProto.BOOL), value("x", [2, 2])],
            [value("y", [2, 2])],
            [],
        )
        found = profiled(saved(model, tmp_path / "m.onnx"))
        assert found.macs_total == macs
        assert found.operators["If"] == 1
        assert found.operators["Add"] >= 1


def test_onnx_constants_and_functions_are_seen_through(tmp_path: Path) -> None:
    function = helper.make_function(
        "own",
        "Dense",
        ["a"],
        ["c"],
        [
            helper.make_node("Constant", [], ["w"], value=stored("w", 4, 2)),
            helper.make_node("MatMul", ["a", "w"], ["c"]),
        ],
        [helper.make_opsetid("", 21)],
    )
    node = helper.make_node("Dense", ["x"], ["y"], domain="own")
    model = onnx_model(
        [node], [value("x", ["n", 4])], [value("y", ["n", 2])], [], ["own"]
    )
    model.functions.append(function)
    found = profiled(saved(model, tmp_path / "m.onnx"))
    assert (found.parameters, found.macs_total) == (8, 8)


def test_onnx_shapes_pass_through_a_runtimes_own_operators(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Gelu", ["x"], ["g"], domain="com.microsoft"),
        helper.make_node("MatMul", ["g", "w"], ["y"]),
    ]
    model = onnx_model(
        nodes,
        [value("x", ["n", 4])],
        [value("y", None)],
        [stored("w", 4, 2)],
        ["com.microsoft"],
    )
    found = profiled(saved(model, tmp_path / "m.onnx"))
    assert found.macs_total == 8


def test_onnx_unknown_shapes_leave_products_uncounted(tmp_path: Path) -> None:
    weights = {"Conv": (2, 3, 3, 3), "ConvTranspose": (3, 2, 3, 3), "LSTM": (1, 8, 3)}
    for name in ("Conv", "ConvTranspose", "MatMul", "LSTM"):
        more = {"hidden_size": 2} if name == "LSTM" else {}
        names = ["x", "w", "r"] if name == "LSTM" else ["x", "w"]
        model = onnx_model(
            [
                helper.make_node("NhwcMaxPool", ["i"], ["x"], domain="com.microsoft"),
                helper.make_node(name, names, ["y"], **more),
            ],
            [value("i", [1])],
            [value("y", None)],
            [stored("w", *weights.get(name, (4, 2))), stored("r", 1, 8, 2)],
            ["com.microsoft"],
        )
        found = profiled(saved(model, tmp_path / "m.onnx"))
        assert found.macs is None, name


def external(path: Path, location: str, **entries: str) -> Path:
    model = onnx_model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [value("x", [1, 4])],
        [value("y", [1, 2])],
        [stored("w", 4, 2)],
    )
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, text in {"location": location, "length": "32", **entries}.items():
        weight.external_data.add(key=key, value=text)
    return saved(model, path)


def test_onnx_data_beside_the_model_are_located_each_time(tmp_path: Path) -> None:
    beside = tmp_path / "w.bin"
    beside.write_bytes(bytes(32))
    path = external(tmp_path / "m.onnx", "w.bin")
    cache = tmp_path / "cache"
    found = inspect_model(path, cache)
    assert (found.parameters, found.macs_total) == (8, 8)
    beside.unlink()
    with pytest.raises(ModelError, match=r"'w\.bin', which is missing; put it beside"):
        inspect_model(path, cache)


# --- TensorFlow Lite


def tflite_tensor(
    name: str,
    shape: Sequence[int],
    kind: str,
    buffer: int,
    scales: Sequence[float] = (),
    free: bool = False,
) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape = name.encode(), list(shape)
    tensor.type, tensor.buffer = getattr(schema.TensorType, kind), buffer
    tensor.hasRank = True
    if free:
        tensor.shapeSignature = [-1, *shape[1:]]
    if scales:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = list(scales)
        tensor.quantization.zeroPoint = [-1] * len(scales)
    return tensor


def tflite_model(
    tensors: list[Any],
    steps: list[tuple[str, list[int], list[int]]],
    inputs: list[int],
    outputs: list[int],
    buffers: list[bytes],
) -> bytes:
    model = schema.ModelT()
    model.version = 3
    model.operatorCodes, model.buffers = [], []
    for content in buffers:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(content, np.uint8) if content else None
        model.buffers.append(buffer)
    graph = schema.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs = tensors, inputs, outputs
    graph.operators = []
    for name, reads, makes in steps:
        code = schema.OperatorCodeT()
        custom = name.startswith("custom-")
        code.builtinCode = getattr(schema.BuiltinOperator, "CUSTOM" if custom else name)
        code.customCode = name if custom else None
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(model.operatorCodes) - 1
        operator.inputs, operator.outputs = reads, makes
        graph.operators.append(operator)
    model.subgraphs = [graph]
    return packed(model)


def packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def small_tflite() -> bytes:
    """Return depthwise 3x3 -> conv 1x1 -> dense in int8, batch free."""
    scale = [0.5]
    return tflite_model(
        [
            tflite_tensor("x", [1, 8, 8, 4], "INT8", 0, scale, free=True),
            tflite_tensor("w0", [1, 3, 3, 4], "INT8", 1, [0.1] * 4),
            tflite_tensor("b0", [4], "INT32", 2, [0.1] * 4),
            tflite_tensor("c0", [1, 8, 8, 4], "INT8", 0, scale),
            tflite_tensor("w1", [8, 1, 1, 4], "INT8", 3, [0.1] * 8),
            tflite_tensor("c1", [1, 8, 8, 8], "INT8", 0, scale),
            tflite_tensor("shape", [2], "INT32", 4),
            tflite_tensor("f", [1, 512], "INT8", 0, scale),
            tflite_tensor("w2", [3, 512], "INT4", 5, scale),
            tflite_tensor("y", [1, 3], "INT8", 0, scale, free=True),
        ],
        [
            ("DEPTHWISE_CONV_2D", [0, 1, 2], [3]),
            ("CONV_2D", [3, 4, -1], [5]),
            ("RESHAPE", [5, 6], [7]),
            ("FULLY_CONNECTED", [7, 8, -1], [9]),
        ],
        [0],
        [9],
        [b"", bytes(36), bytes(16), bytes(32), bytes(8), bytes(768)],
    )


def test_tflite_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(small_tflite())
    found = profiled(path)
    assert found.macs == {
        "conv": 0,
        "depthwise": 256 * 9,
        "conv1x1": 512 * 4,
        "dense": 3 * 512,
        "other": 0,
    }
    assert found.parameters == 36 + 4 + 32 + 1536
    assert (found.weight_bits, found.activation_bits) == (4, 8)
    assert found.peak_activation_bytes == 1024
    assert found.operators["RESHAPE"] == 1
    quantisation = {"scale": 0.5, "zero_point": -1}
    assert found.inputs == (
        TensorSpec(name="x", dtype="int8", shape=(-1, 8, 8, 4), **quantisation),
    )
    assert found.outputs == (
        TensorSpec(name="y", dtype="int8", shape=(-1, 3), **quantisation),
    )


def test_tflite_weights_widened_first_are_no_activations(tmp_path: Path) -> None:
    content = tflite_model(
        [
            tflite_tensor("x", [1, 16], "FLOAT32", 0),
            tflite_tensor("h", [4, 16], "FLOAT16", 1),
            tflite_tensor("w", [4, 16], "FLOAT32", 0),
            tflite_tensor("y", [1, 4], "FLOAT32", 0),
        ],
        [("DEQUANTIZE", [1], [2]), ("FULLY_CONNECTED", [0, 2, -1], [3])],
        [0],
        [3],
        [b"", bytes(128)],
    )
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    found = profiled(path)
    assert (found.weight_bits, found.activation_bits) == (16, 32)
    assert (found.parameters, found.peak_activation_bytes) == (64, 80)


def test_tflite_custom_operators_cannot_be_counted(tmp_path: Path) -> None:
    for name, macs in [("custom-engine", None), ("RELU", 0)]:
        content = tflite_model(
            [
                tflite_tensor("x", [1, 4], "FLOAT32", 0),
                tflite_tensor("y", [1, 4], "FLOAT32", 0),
            ],
            [(name, [0], [1])],
            [0],
            [1],
            [b""],
        )
        path = tmp_path / "m.tflite"
        path.write_bytes(content)
        assert profiled(path).macs_total == macs


@pytest.mark.parametrize(
    ("name", "shapes", "kind", "macs"),
    [
        ("CONV_2D", [(1, 4, 4, 2), (3, 2, 2, 2), (1, 3, 3, 3)], "conv", 27 * 8),
        (
            "TRANSPOSE_CONV",
            [(4,), (3, 2, 2, 5), (1, 4, 4, 5), (1, 8, 8, 3)],
            "conv",
            80 * 12,
        ),
        ("CONV_3D", [(1, 4, 4, 4, 2), (2, 2, 2, 2, 3), (1, 3, 3, 3, 3)], "conv", 1296),
        ("BATCH_MATMUL", [(2, 3, 4), (2, 4, 5), (2, 3, 5)], "dense", 2 * 60),
        ("BATCH_MATMUL", [(2, 4, 3), (2, 4, 5), (2, 3, 5)], "dense", 2 * 60),
        (
            "UNIDIRECTIONAL_SEQUENCE_LSTM",
            [(1, 7, 3), (8, 3), (8, 2), (8,), (1, 7, 2)],
            "other",
            7 * 40,
        ),
        ("SVDF", [(1, 3), (4, 3), (4, 5), (1, 4)], "other", 32),
        ("STABLEHLO_DOT_GENERAL", [(1, 3), (3, 3), (1, 3)], "other", None),
        ("CONV_2D", [(1, 4, -4, 2), (3, 2, 2, 2), (1, 3, -3, 3)], "conv", None),
    ],
)
def test_tflite_operators(
    name: str,
    shapes: list[tuple[int, ...]],
    kind: str,
    macs: int | None,
    tmp_path: Path,
) -> None:
    moving = 2 if name == "TRANSPOSE_CONV" else 0
    y = len(shapes) - 1
    tensors, buffers = [], [b""]
    for index, shape in enumerate(shapes):
        constant = index not in (moving, y)
        buffer = len(buffers) if constant else 0
        tensors.append(tflite_tensor(f"t{index}", shape, "FLOAT32", buffer))
        buffers += [bytes(4 * int(np.prod(shape)))] if constant else []
    content = tflite_model(
        tensors, [(name, list(range(y)), [y])], [moving], [y], buffers
    )
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    assert (profiled(path).macs or {}).get(kind) == macs


def test_tflite_loops_of_products_cannot_be_counted(tmp_path: Path) -> None:
    for inner, macs in [("RELU", 0), ("FULLY_CONNECTED", None)]:
        x = tflite_tensor("x", [2, 2], "FLOAT32", 0)
        y = tflite_tensor("y", [2, 2], "FLOAT32", 0)
        content = tflite_model([x, y], [("WHILE", [0], [1])], [0], [1], [b""])
        model = schema.ModelT.InitFromPackedBuf(content)
        body = schema.ModelT.InitFromPackedBuf(
            tflite_model([x, y], [(inner, [0, 0], [1])], [0], [1], [b""])
        )
        body.subgraphs[0].operators[0].opcodeIndex = 1
        model.operatorCodes += body.operatorCodes
        model.subgraphs += body.subgraphs
        path = tmp_path / "m.tflite"
        path.write_bytes(packed(model))
        found = profiled(path)
        assert found.macs_total == macs
        assert found.operators == {"WHILE": 1, inner: 1}


def test_peak_is_the_fullest_step_and_shared_weights_count_once() -> None:
    def tensor(name: str, *shape: int, **more: Any) -> Tensor:
        return Tensor(name=name, dtype="int8", shape=shape, **more)

    names = [tensor("x", 10), tensor("a", 100), tensor("b", 5), tensor("y", 50)]
    names += [tensor("state", 7), tensor("w", 3, constant=True, parameter=True)]
    steps = (
        Step(operator="A", inputs=("x", "w"), outputs=("a",)),
        Step(operator="B", inputs=("a", "w", "state"), outputs=("b",)),
        Step(operator="C", inputs=("b", "x"), outputs=("y",)),
    )
    graph = Graph(
        format="onnx",
        input_specs=(),
        output_specs=(),
        inputs=("x",),
        outputs=("y",),
        tensors={tensor.name: tensor for tensor in names},
        steps=steps,
        operators={},
    )
    found = profile(graph)
    assert found.peak_activation_bytes == 10 + 100 + 5 + 7
    assert found.parameters == 3


# --- what is wrong


def wrong_buffer() -> bytes:
    return tflite_model(
        [
            tflite_tensor("x", [1, 4], "FLOAT32", 0),
            tflite_tensor("w", [2, 4], "FLOAT32", 1),
            tflite_tensor("y", [1, 2], "FLOAT32", 0),
        ],
        [("FULLY_CONNECTED", [0, 1, -1], [2])],
        [0],
        [2],
        [b"", bytes(31)],
    )


def lost_tensor() -> bytes:
    x = tflite_tensor("x", [1, 4], "FLOAT32", 0)
    return tflite_model([x], [("RELU", [0], [7])], [0], [0], [b""])


def unordered() -> Any:
    model = convolutional()
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def made_twice() -> Any:
    model = convolutional()
    model.graph.node.append(helper.make_node("Relu", ["x"], ["f"]))
    return model


def torn_weight() -> Any:
    model = convolutional()
    model.graph.initializer[0].raw_data = b"abc"
    return model


def changed_tflite(change: Callable[[Any], None]) -> bytes:
    model = schema.ModelT.InitFromPackedBuf(small_tflite())
    change(model)
    return packed(model)


def setting(path: str, value: Any) -> Callable[[Any], None]:
    """Return what sets an attribute, as ``subgraphs.0.tensors.1.type``."""

    def change(model: Any) -> None:
        *parts, last = path.split(".")
        for part in parts:
            model = model[int(part)] if part.isdigit() else getattr(model, part)
        setattr(model, last, value)

    return change


TFLITE_CHANGES = {
    "version": ("version", 2, "schema version 2 with 1 subgraphs; version 3"),
    "no subgraphs": ("subgraphs", [], "version 3 with 0 subgraphs"),
    "no operators": ("subgraphs.0.operators", [], "it has 0 operators, 1 outputs"),
    "no outputs": ("subgraphs.0.outputs", [], "it has 4 operators, 0 outputs"),
    "operator": ("operatorCodes.0.builtinCode", 9999, "unknown operator code 9999"),
    "type": ("subgraphs.0.tensors.1.type", 99, "'w0' has the unknown type 99"),
    "buffer": ("subgraphs.0.tensors.1.buffer", 99, "'w0' names buffer 99, which"),
    "outside": ("subgraphs.0.tensors.1.externalBuffer", 1, "'w0' is stored outside"),
    "code": ("subgraphs.0.operators.0.opcodeIndex", 9, "operator code 9 is not in"),
    "no inputs": ("subgraphs.0.operators.0.inputs", [], "DEPTHWISE_CONV_2D of subgr"),
    "scale": ("subgraphs.0.tensors.0.quantization.scale", [0.0], "the scale 0.0"),
    "shape": ("subgraphs.0.tensors.1.shape", [1, -3, -3, 4], r"'w0' has the shape \(1"),
    "rank": ("subgraphs.0.tensors.0.shape", [1] * 17, "'x' has 17 dimensions; 16"),
}


@pytest.mark.parametrize("case", TFLITE_CHANGES)
def test_wrong_parts_of_tflite_are_refused(case: str, tmp_path: Path) -> None:
    place, wrong, problem = TFLITE_CHANGES[case]
    path = tmp_path / "m.tflite"
    path.write_bytes(changed_tflite(setting(place, wrong)))
    assert re.search(problem, answer(path)["error"])


WRONG = {
    "empty.onnx": (b"", "empty"),
    "empty.tflite": (b"", "empty"),
    "text.onnx": (b"hello, this is no model at all", "damaged|not an ONNX model"),
    "zeros.onnx": (bytes(1000), "damaged|not an ONNX model"),
    "text.tflite": (b"hello, this is no model at all", "not a TensorFlow Lite file"),
    "head.tflite": (b"\x1c\0\0\0TFL3", "damaged"),
    "zeros.tflite": (b"\x1c\0\0\0TFL3" + bytes(100), "damaged|version 0"),
    "cut.onnx": (convolutional().SerializeToString()[:-100], "damaged|nothing"),
    "cut.tflite": (small_tflite()[:-300], "damaged|holds"),
    "swapped.onnx": (small_tflite(), "content is TensorFlow Lite; name it .tflite"),
    "swapped.tflite": (
        convolutional().SerializeToString(),
        "content is ONNX; name it .onnx",
    ),
    "unordered.onnx": (
        unordered().SerializeToString(),
        "operator 'Gemm' reads 'f', which nothing before it makes",
    ),
    "bare.onnx": (
        helper.make_model(helper.make_graph([], "g", [], [])).SerializeToString(),
        "not an ONNX model: IR version .*, 0 operators, 0 outputs",
    ),
    "twice.onnx": (made_twice().SerializeToString(), "'f' is made twice"),
    "torn.onnx": (
        torn_weight().SerializeToString(),
        r"'w0' holds 3 bytes; its shape \(4, 3, 3, 3\) of float32 needs 432",
    ),
    "buffer.tflite": (wrong_buffer(), r"'w' holds 31 bytes; .* needs 32"),
    "lost.tflite": (lost_tensor(), "tensor 7 is not among the file's 1"),
    "model.pt": (b"PK", r"suffix '\.pt'; valid: \.onnx, \.tflite"),
    "noending": (b"PK", "suffix ''; valid"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_models_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One goes through a process of its own, as all do outside of tests.
    if name != "cut.tflite":
        monkeypatch.setattr(formats, "_ask", lambda path, timeout_s: answer(path))
    content, problem = WRONG[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ModelError, match=problem) as caught:
        inspect_model(path)
    assert str(caught.value).startswith(f"model {str(path)!r}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "entries", "problem"),
    [
        ("none.bin", {}, "'none.bin', which is missing; put it beside the model"),
        ("../w.bin", {}, "at '../w.bin'; a file in the model's own folder is valid"),
        ("/etc/passwd", {}, "at '/etc/passwd'; a file in the model's own folder"),
        ("link.bin", {}, "at 'link.bin'; a file in the model's own folder is valid"),
        ("", {}, "at ''; a file in the model's own folder is valid"),
        ("a\0b", {}, "a file in the model's own folder is valid"),
        ("w.bin", {"offset": "8"}, "end at byte 40 of 'w.bin', which has 32"),
        ("w.bin", {"offset": "-8"}, "'-8' is not an offset"),
    ],
)
def test_data_elsewhere_are_refused(
    location: str, entries: dict[str, str], problem: str, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for place in (tmp_path / "w.bin", folder / "w.bin"):
        place.write_bytes(bytes(32))
    os.symlink(tmp_path / "w.bin", folder / "link.bin")
    found = answer(external(folder / "m.onnx", location, **entries))
    assert problem in found["error"]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.onnx")
    (tmp_path / "folder.onnx").mkdir()
    for name, problem in [
        ("fifo.onnx", "not a regular file"),
        ("folder.onnx", "not a regular file"),
        ("none.onnx", "cannot be read: No such file"),
        ("a\0b.onnx", "cannot be read: embedded null byte"),
    ]:
        with pytest.raises(ModelError, match=problem):
            inspect_model(tmp_path / name)


# --- the reader's process


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(formats, "_known", {})
    return saved(convolutional(), tmp_path / "m.onnx")


def reader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Put a program in the reader's place."""
    program = tmp_path / "reader"
    program.write_text(f"#!{sys.executable}\n{code}\n")
    program.chmod(0o700)
    monkeypatch.setattr(formats.sys, "executable", str(program))


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os; os.kill(os.getpid(), 11)", "was ended by SIGSEGV; the file is"),
        ("import os; os.kill(os.getpid(), 40)", "was ended by signal 40"),
        ("raise SystemExit('two\\nlines')", "ended with status 1 .'lines'."),
        ("print('hello')", "answer is not JSON: 'hello"),
        ("print('[1]')", "not a profile"),
        ('print(\'{"profile": {"format": 3}}\')', "not a profile: .*is missing"),
        ('print(\'{"error": "two\\\\nlines"}\')', "two lines"),
        ("while True: pass", "not read within 0.5 s"),
    ],
)
def test_whatever_its_reader_does_the_caller_lives(
    code: str,
    problem: str,
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader(monkeypatch, tmp_path, code)
    with pytest.raises(ModelError, match=problem) as caught:
        inspect_model(path, timeout_s=0.5 if "while" in code else 30)
    assert "\n" not in str(caught.value)


def test_a_reader_that_cannot_start_is_told(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats.sys, "executable", str(tmp_path / "none"))
    with pytest.raises(ModelError, match="reader cannot be started"):
        inspect_model(path)


def test_a_profile_is_read_once(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = inspect_model(path, cache)
    assert first == profiled(path)
    reader(monkeypatch, tmp_path, "raise SystemExit(3)")
    assert inspect_model(path) is first
    formats._known.clear()
    assert inspect_model(path, cache) == first
    formats._known.clear()
    (torn,) = cache.iterdir()
    torn.write_bytes(torn.read_bytes()[:-9])
    with pytest.raises(ModelError, match="status 3"):
        inspect_model(path, cache)


def test_a_module_in_the_current_folder_is_not_the_reader(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "onnx.py").write_text("raise SystemExit('taken over')")
    monkeypatch.chdir(tmp_path)
    assert inspect_model(Path("m.onnx")).format == "onnx"


def test_reader_has_bounds(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from tierbench.harness.formats import __main__ as m\n"
        "m.answer = lambda path: bytearray(5 << 30)\n"
        "sys.argv[1:] = ['x']; m.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "MemoryError" in done.stderr


def test_a_missing_reader_names_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(small_tflite())
    monkeypatch.setitem(sys.modules, "ai_edge_litert.schema_py_generated", None)
    assert "pip install 'tierbench[host]'" in answer(path)["error"]


FUZZ = """
import json, random, sys
from pathlib import Path
from tierbench.harness.formats.__main__ import answer
path, count = Path(sys.argv[1]), int(sys.argv[2])
good, draw = path.read_bytes(), random.Random(7)
target = path.with_name("flipped" + path.suffix)
for _ in range(count):
    content = bytearray(good)
    for _ in range(draw.choice((1, 1, 4))):
        content[draw.randrange(len(content))] = draw.randrange(256)
    target.write_bytes(content[: draw.choice((None, None, draw.randrange(8, 999)))])
    print(json.dumps(answer(target)), flush=True)
"""


@pytest.mark.parametrize("name", ["m.onnx", "m.tflite"])
def test_flipped_bytes_give_an_error_or_a_profile(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "m.onnx":
        saved(quantised(), path)
    else:
        path.write_bytes(small_tflite())
    done = subprocess.run(
        [sys.executable, "-c", FUZZ, str(path), "200"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr[-500:]
    assert len(answers) == 200
    assert {"error"} <= {key for answer in answers for key in answer}
    for found in answers:
        if "error" not in found:
            formats._profile(path, found)


# --- published counts

PUBLISHED = os.environ.get("TIERBENCH_PUBLISHED")
CLASSES = {
    "conv": "CONV_KxK",
    "conv1x1": "CONV_1x1",
    "depthwise": "DWCONV",
    "dense": "FC",
}


@pytest.mark.skipif(not PUBLISHED, reason="TIERBENCH_PUBLISHED names no folder")
def test_counts_equal_the_published_ones() -> None:
    folder = Path(PUBLISHED or "") / "mlperf_tiny_models"
    entries = json.loads((folder / "models.json").read_text("utf-8"))
    assert len(entries) == 12
    for entry in entries:
        found = inspect_model(folder / entry["file"])
        assert found.macs is not None
        assert found.macs_total == entry["macs_total"], entry["file"]
        assert found.parameters == entry["params_weights_plus_bias"], entry["file"]
        for kind, published in CLASSES.items():
            assert found.macs[kind] == entry["macs_by_class"].get(published, 0)
