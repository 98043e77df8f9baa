"""Multiply-accumulates of one ONNX operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .graph import Tensor, elements, product

_STANDARD = ("", "ai.onnx")
_CONTRIB = "com.microsoft"
_UNKNOWN = {"Attention", "DeformConv", "Einsum"}
_CONTRIB_WITHOUT_MACS = {
    "BiasGelu",
    "DequantizeLinear",
    "FastGelu",
    "Gelu",
    "NhwcMaxPool",
    "QLinearAdd",
    "QLinearAveragePool",
    "QLinearConcat",
    "QLinearGlobalAveragePool",
    "QLinearLeakyRelu",
    "QLinearMul",
    "QLinearSigmoid",
    "QLinearSoftmax",
    "QLinearWhere",
    "QuantizeLinear",
    "QuickGelu",
    "SkipLayerNormalization",
}
# Where an operator's first input and its weights stand.
_CONVOLUTIONS = {
    "Conv": (0, 1),
    "ConvInteger": (0, 1),
    "FusedConv": (0, 1),
    "QLinearConv": (0, 3),
}
_PRODUCTS = {
    "Gemm": (0, 1),
    "MatMul": (0, 1),
    "MatMulInteger": (0, 1),
    "QLinearMatMul": (0, 3),
}
_RECURRENT = {"GRU", "LSTM", "RNN"}

Counted = tuple[str, int | None]


def count(node: Any, tensors: Mapping[str, Tensor]) -> Counted:
    """Return the class and the multiply-accumulates of a node, None where unknown."""
    name = node.op_type
    if name in _CONVOLUTIONS:
        return _convolution(node, tensors, *_CONVOLUTIONS[name])
    if name == "ConvTranspose":
        return _transposed(node, tensors)
    if name in _PRODUCTS:
        return "dense", _dense(node, tensors, *_PRODUCTS[name])
    if name == "MatMulNBits":
        return "dense", product(_elements(node.output, 0, tensors), _number(node, "K"))
    if name in _RECURRENT:
        return "other", _recurrent(node, tensors)
    return "other", None if _is_unknown(node, tensors) else 0


def _is_unknown(node: Any, tensors: Mapping[str, Tensor]) -> bool:
    for attribute in node.attribute:
        graphs = [attribute.g, *attribute.graphs]
        # How often a branch or a loop's body runs does not stand in the file.
        if any(count(n, tensors)[1] != 0 for graph in graphs for n in graph.node):
            return True
    if node.domain in _STANDARD:
        return node.op_type in _UNKNOWN
    return node.domain != _CONTRIB or node.op_type not in _CONTRIB_WITHOUT_MACS


def _convolution(
    node: Any, tensors: Mapping[str, Tensor], data: int, weights: int
) -> Counted:
    # Weights are [out, in of one group, *kernel].
    shape = _shape(node.input, weights, tensors)
    if shape is None:
        return "conv", None
    each = product(_elements(node.output, 0, tensors), elements(shape[1:]))
    return _class(shape, _number(node, "group", 1)), each


def _transposed(node: Any, tensors: Mapping[str, Tensor]) -> Counted:
    # Weights are [in, out of one group, *kernel].
    shape = _shape(node.input, 1, tensors)
    if shape is None:
        return "conv", None
    each = product(_elements(node.input, 0, tensors), elements(shape[1:]))
    return _class(shape, _number(node, "group", 1)), each


def _class(weights: tuple[int, ...], groups: int | None) -> str:
    if groups is not None and groups > 1 and weights[1:2] == (1,):
        return "depthwise"
    return "conv1x1" if set(weights[2:]) == {1} else "conv"


def _dense(
    node: Any, tensors: Mapping[str, Tensor], left: int, right: int
) -> int | None:
    shape = _shape(node.input, left, tensors)
    if not shape:
        return None
    inner = shape[0] if _number(node, "transA", 0) else shape[-1]
    return product(_elements(node.output, 0, tensors), inner if inner >= 0 else None)


def _recurrent(node: Any, tensors: Mapping[str, Tensor]) -> int | None:
    """Return steps in time x samples x elements of both weight tensors."""
    x = _shape(node.input, 0, tensors)
    weights = [_elements(node.input, i, tensors) for i in (1, 2)]
    if x is None or None in weights:
        return None
    return product(elements(x[:2]), sum(w for w in weights if w is not None))


def _shape(
    names: Any, index: int, tensors: Mapping[str, Tensor]
) -> tuple[int, ...] | None:
    tensor = tensors.get(names[index]) if index < len(names) else None
    return None if tensor is None else tensor.shape


def _elements(names: Any, index: int, tensors: Mapping[str, Tensor]) -> int | None:
    shape = _shape(names, index, tensors)
    return None if shape is None else elements(shape)


def _number(node: Any, name: str, default: int | None = None) -> int | None:
    return next((int(a.i) for a in node.attribute if a.name == name), default)
