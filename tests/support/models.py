"""Small ONNX files of every kind that people bring."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def write_onnx(
    path: Path,
    nodes: Sequence[tuple[str, Sequence[str], str]],
    inputs: Mapping[str, tuple[type, Sequence[Any]]],
    output: tuple[str, Sequence[Any]],
    weights: Mapping[str, np.ndarray],
    **saving: Any,
) -> Path:
    """Write a graph of nodes (operator, inputs, output) with these weights."""
    from onnx import helper, numpy_helper, save

    def value(name: str, dtype: type, shape: Sequence[Any]) -> Any:
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return helper.make_tensor_value_info(name, kind, shape)

    graph = helper.make_graph(
        [helper.make_node(kind, list(takes), [gives]) for kind, takes, gives in nodes],
        "own",
        [value(name, dtype, shape) for name, (dtype, shape) in inputs.items()],
        [value(output[0], np.float32, output[1])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=8), path, **saving)
    return path


def write_linear(path: Path, weights: np.ndarray, **saving: Any) -> Path:
    """Write a model of rows times weights [inputs, outputs], its batch free."""
    inputs, outputs = weights.shape
    return write_onnx(
        path,
        [("MatMul", ["x", "w"], "y")],
        {"x": (np.float32, ["batch", inputs])},
        ("y", ["batch", outputs]),
        {"w": weights.astype(np.float32)},
        **saving,
    )


def write_mean_colour(path: Path, *, channels_first: bool) -> Path:
    """Write a classifier of 8 x 8 colour images by their strongest channel."""
    shape = [3, 8, 8] if channels_first else [8, 8, 3]
    order = np.arange(192).reshape(8, 8, 3)
    order = order.transpose(2, 0, 1) if channels_first else order
    weights = np.eye(3, dtype=np.float32)[order.ravel() % 3] / 64
    return write_onnx(
        path,
        [("Flatten", ["image"], "flat"), ("MatMul", ["flat", "w"], "scores")],
        {"image": (np.float32, ["batch", *shape])},
        ("scores", ["batch", 3]),
        {"w": weights},
    )


def write_token_model(path: Path) -> Path:
    """Write a model of token ids [batch, 4] of 8 words and a mask: scores of 2."""
    rng = np.random.default_rng(1)
    return write_onnx(
        path,
        [
            ("Gather", ["table", "ids"], "words"),
            ("Unsqueeze", ["mask", "last"], "wide"),
            ("Mul", ["words", "wide"], "masked"),
            ("ReduceSum", ["masked", "middle"], "pooled"),
            ("Squeeze", ["pooled", "middle"], "scores"),
        ],
        {"ids": (np.int64, ["batch", 4]), "mask": (np.float32, ["batch", 4])},
        ("scores", ["batch", 2]),
        {
            "table": rng.normal(size=(8, 2)).astype(np.float32),
            "last": np.array([2]),
            "middle": np.array([1]),
        },
    )
