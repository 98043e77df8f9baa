"""Shapes and types of an ONNX graph's values, for one sample."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from .graph import Tensor

_CONTRIB = "com.microsoft"
# For shapes alone: an operator that the standard's inference does not know, the
# standard one of equal shapes and the inputs that it is given.
_STAND_INS = {
    "BiasGelu": ("Identity", (0,)),
    "FastGelu": ("Identity", (0,)),
    "Gelu": ("Identity", (0,)),
    "QLinearAdd": ("Add", (0, 3)),
    "QLinearMul": ("Mul", (0, 3)),
    "QLinearLeakyRelu": ("Identity", (0,)),
    "QLinearSigmoid": ("Identity", (0,)),
    "QLinearSoftmax": ("Identity", (0,)),
    "QuickGelu": ("Identity", (0,)),
}


def infer(model: Any, inputs: set[str]) -> dict[str, Tensor]:
    """Return what is known of each value; a free first length of an input is 1.

    Values whose shape or type cannot be inferred are left out.
    """
    import onnx
    from onnx import shape_inference

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for value in copy.graph.input:
        dims = value.type.tensor_type.shape.dim
        if value.name in inputs and dims and dims[0].WhichOneof("value") != "dim_value":
            dims[0].dim_value = 1
    # Shapes written for a free batch would contradict the ones inferred for one sample.
    del copy.graph.value_info[:]
    for value in copy.graph.output:
        value.type.tensor_type.ClearField("shape")
    stored = {tensor.name: tensor.data_type for tensor in copy.graph.initializer}
    for node in copy.graph.node:
        _stand_in(node, stored)
    try:
        copy = shape_inference.infer_shapes(copy, data_prop=True)
    except Exception:  # of many kinds; shapes stay unknown and are reported so
        copy = model
    graph = copy.graph
    known = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        known[value.name] = Tensor(
            name=value.name, dtype=dtype_of(value), shape=shape_of(value)
        )
    return known


def _stand_in(node: Any, stored: Mapping[str, int]) -> None:
    if node.domain not in ("", _CONTRIB):
        return
    if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
        _cast(node, stored)
    elif node.domain and node.op_type in _STAND_INS:
        name, positions = _STAND_INS[node.op_type]
        inputs = [node.input[i] for i in positions if i < len(node.input)]
        node.op_type, node.domain = name, ""
        del node.attribute[:], node.input[:]
        node.input.extend(inputs)


def _cast(node: Any, stored: Mapping[str, int]) -> None:
    """Turn a marker, whatever its domain and version, into a cast to the same type."""
    from onnx import TensorProto, helper

    if node.op_type == "DequantizeLinear":
        kind = stored.get(node.input[1], 0) if len(node.input) > 1 else 0
        kind = kind or TensorProto.FLOAT
    else:
        kind = stored.get(node.input[2], 0) if len(node.input) > 2 else 0
        named = (a.i for a in node.attribute if a.name == "output_dtype")
        kind = kind or next(named, 0) or TensorProto.UINT8
    node.op_type, node.domain = "Cast", ""
    del node.attribute[:], node.input[1:]
    node.attribute.append(helper.make_attribute("to", kind))


def shape_of(value: Any) -> tuple[int, ...] | None:
    """Return a value's shape, -1 for a free length; None where there is none."""
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return tuple(
        dim.dim_value if dim.HasField("dim_value") and dim.dim_value >= 0 else -1
        for dim in kind.shape.dim
    )


def dtype_of(value: Any) -> str:
    """Return NumPy's name of an element type, given as number or by a value."""
    number = value if isinstance(value, int) else value.type.tensor_type.elem_type
    return _dtypes().get(number, "unknown")


@cache
def _dtypes() -> dict[int, str]:
    from onnx import TensorProto

    names = {number: name.lower() for name, number in TensorProto.DataType.items()}
    renamed = {"float": "float32", "double": "float64"}
    short = {n: "float8" for n in names.values() if n.startswith("float8")}
    return {
        number: {**short, **renamed, "float4e2m1": "float4"}.get(name, name)
        for number, name in names.items()
    }
