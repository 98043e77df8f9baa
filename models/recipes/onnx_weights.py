"""The weights of an ONNX file that may be narrowed, and the grid they are put on.

ONNX Runtime's own grid of 4 bits is max|w| / 7.5, on which the largest weight of a
channel misses its value by half a step. Here it is max|w| / 7, which is also what
ai-edge-quantizer uses: one network trained for one grid then suits both formats.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

from .layers import Layer


def layers(model: Any) -> dict[str, tuple[Layer, int]]:
    """Return each layer with stored weights, and the axis of its output channels.

    These are convolutions and dense layers, by the name of their weights. What reads
    the same weights along another axis is left out.
    """
    from onnx import TensorProto

    stored = {
        tensor.name: tuple(tensor.dims)
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT
    }
    found: dict[str, tuple[Layer, int]] = {}
    for node in model.graph.node:
        if len(node.input) < 2 or node.input[1] not in stored:
            continue
        name = node.input[1]
        axis = _channel_axis(node, stored[name])
        if axis is None or (name in found and found[name][1] != axis):
            continue
        found.setdefault(name, (_layer(node, name, stored[name]), axis))
    return found


def _layer(node: Any, name: str, shape: tuple[int, ...]) -> Layer:
    lone = node.op_type == "Conv" and shape[1] == 1
    return Layer(name=name, operator=node.op_type, weights=prod(shape), is_sum=not lone)


def _channel_axis(node: Any, shape: tuple[int, ...]) -> int | None:
    """Return the axis of the output channels, or None where the weights are left."""
    if node.op_type == "Conv" and len(shape) > 2:
        return 0
    if node.op_type == "MatMul" and len(shape) == 2:
        return 1
    if node.op_type == "Gemm" and len(shape) == 2:
        transposed = any(a.name == "transB" and a.i for a in node.attribute)
        return 0 if transposed else 1
    return None


def scales(weights: Any, axis: int, bits: int) -> Any:
    """Return each channel's scale, float32: max|w| / 127 or / 7, 1 where all are 0."""
    import numpy as np

    others = tuple(i for i in range(weights.ndim) if i != axis)
    largest = np.abs(weights).max(axis=others)
    top = np.float32(2 ** (bits - 1) - 1)
    return np.where(largest > 0, largest / top, np.float32(1)).astype(np.float32)


def int4_overrides(model: Any, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return what tells ONNX Runtime's quantiser to put these weights on 4 bits."""
    import numpy as np
    from onnx import numpy_helper
    from onnxruntime.quantization import QuantType

    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    known = layers(model)
    zero_point = np.array(0, np.int8)
    found = {}
    for name in names:
        axis = known[name][1]
        channels: list[dict[str, Any]] = [
            {"quant_type": QuantType.QInt4, "scale": scale, "zero_point": zero_point}
            for scale in scales(numpy_helper.to_array(stored[name]), axis, bits=4)
        ]
        channels[0]["axis"] = axis
        found[name] = channels
    return found
