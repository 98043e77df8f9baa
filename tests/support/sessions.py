"""Workers of a target for one file, and hard models for them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper, save

from tierbench.harness.target import Target
from tierbench.harness.worker import Limits, SubprocessWorker

LIMITS = Limits(memory_bytes=4 << 30, open_s=60.0, call_s=30.0)


@contextmanager
def session(
    target: type[Target],
    path: Path,
    batch: int = 1,
    limits: Limits = LIMITS,
    **settings: Any,
) -> Iterator[SubprocessWorker]:
    """Start a worker of a target for a file."""
    worker = SubprocessWorker(
        modules=target.device_modules,
        artifact=path,
        options=target(settings).settings,
        batch=batch,
        limits=limits,
    )
    with worker:
        yield worker


def write_onnx(
    path: Path,
    nodes: Sequence[NodeProto],
    constants: dict[str, Any],
    batch: int | str = "batch",
    **options: Any,
) -> Path:
    """Write a model from ``input`` to ``output``, both float32 [batch, 4]."""
    shape = [batch, 4]
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.array(v), name) for name, v in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path, **options)
    return path


def write_adding(path: Path, value: float = 1.0, **options: Any) -> Path:
    """Write a model that adds a number to each of its input's."""
    node = helper.make_node("Add", ["input", "c"], ["output"])
    return write_onnx(path, [node], {"c": np.full(4, value, np.float32)}, **options)


def write_endless(path: Path) -> Path:
    """Write a model whose loop never ends."""
    tensors = [
        helper.make_tensor_value_info("turn", TensorProto.INT64, []),
        helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4]),
    ]
    results = [
        helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4]),
    ]
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Identity", ["x"], ["y"]),
        ],
        "body",
        tensors,
        results,
    )
    node = helper.make_node("Loop", ["", "forever", "input"], ["output"], body=body)
    return write_onnx(path, [node], {"forever": True})


def write_greedy(path: Path) -> Path:
    """Write a model with a tensor of a terabyte between input and output."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["huge"]),
        helper.make_node("ReduceSum", ["huge"], ["sum"], keepdims=0),
        helper.make_node("Add", ["input", "sum"], ["output"]),
    ]
    return write_onnx(path, nodes, {"shape": [2**38]})
