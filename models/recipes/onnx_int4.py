"""Which weights of an ONNX file take 4 bits, and on what grid.

ONNX Runtime's own grid is max|w| / 7.5, on which the largest weight of a channel misses
its value by half a step. Here it is max|w| / 7, which is also what ai-edge-quantizer
uses: one network trained for one grid then suits both formats.
"""

from __future__ import annotations

from typing import Any

from ...harness.errors import ModelError

_LARGEST = 7


def int4_weights(model: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the quantiser's overrides for all weights that 4 bits are enough for.

    These are the kernels of convolutions that sum over several input channels, and the
    matrices of dense layers. Depthwise kernels, and those over the only channel of a
    monochrome image, are few numbers and lose the most: in the reference model
    ``defect`` they are 8 % of the parameters and, in 4 bits, cost 7 points of top-1.

    Raises:
        ModelError: there is no such weight.
    """
    from onnx import TensorProto, numpy_helper

    stored = {
        tensor.name: tensor
        for tensor in model.graph.initializer
        if tensor.data_type == TensorProto.FLOAT
    }
    found = {}
    for node in model.graph.node:
        if len(node.input) < 2 or node.input[1] not in stored:
            continue
        name = node.input[1]
        axis = _channel_axis(node, tuple(stored[name].dims))
        if axis is not None:
            found[name] = _grid(numpy_helper.to_array(stored[name]), axis)
    if not found:
        raise ModelError("it has no weight that 4 bits are enough for; choose 8 bits")
    return found


def _channel_axis(node: Any, shape: tuple[int, ...]) -> int | None:
    """Return the axis of the output channels, or None where 8 bits are kept."""
    if node.op_type == "Conv" and len(shape) > 2 and shape[1] > 1:
        return 0
    if node.op_type == "MatMul" and len(shape) == 2:
        return 1
    if node.op_type == "Gemm" and len(shape) == 2:
        transposed = any(a.name == "transB" and a.i for a in node.attribute)
        return 0 if transposed else 1
    return None


def _grid(weights: Any, axis: int) -> list[dict[str, Any]]:
    import numpy as np
    from onnxruntime.quantization import QuantType

    others = tuple(i for i in range(weights.ndim) if i != axis)
    largest = np.abs(weights).max(axis=others)
    scales = np.where(largest > 0, largest / np.float32(_LARGEST), np.float32(1))
    zero_point = np.array(0, np.int8)
    channels: list[dict[str, Any]] = [
        {"quant_type": QuantType.QInt4, "scale": scale, "zero_point": zero_point}
        for scale in scales.astype(np.float32)
    ]
    channels[0]["axis"] = axis
    return channels
