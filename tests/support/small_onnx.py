"""A small ONNX file with token ids and floats as inputs, and a look into any."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

RNG = np.random.default_rng(7)
TABLE = RNG.standard_normal((50, 8)).astype(np.float32)
DENSE = (0.3 * RNG.standard_normal((8, 4))).astype(np.float32)
IDS = RNG.integers(0, 50, (40, 6))
X = RNG.standard_normal((40, 6, 8)).astype(np.float32)


def write_tokens(path: Path) -> Path:
    """Write softmax((table[ids] + x) @ dense) with a free batch."""
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["e"]),
        helper.make_node("Add", ["e", "x"], ["h"]),
        helper.make_node("MatMul", ["h", "dense"], ["m"]),
        helper.make_node("Softmax", ["m"], ["y"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "tokens",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["n", 6]),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6, 8]),
        ],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 6, 4])],
        [
            numpy_helper.from_array(TABLE, "table"),
            numpy_helper.from_array(DENSE, "dense"),
        ],
    )
    opset = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def quantised_weights(net: Any) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Yield each operator with weights, and their values, scales and zero points."""
    tensors = {tensor.name: tensor for tensor in net.graph.initializer}
    made_by = {name: node for node in net.graph.node for name in node.output}
    for node in net.graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul"):
            names = made_by[node.input[1]].input
            values, scale, zero = (numpy_helper.to_array(tensors[n]) for n in names)
            yield node, values, scale, zero
