"""ONNX files as the recipes read and write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...harness.errors import ModelError
from .samples import Input

_CONVERTED = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul")


def load(source: Path, opset: int = 0) -> Any:
    """Return an fp32 model, its opset raised to at least this one.

    Raises:
        ModelError: the file is quantised or converted already.
    """
    import onnx
    from onnx import version_converter

    model = onnx.load(source)
    kinds = {tensor.data_type for tensor in model.graph.initializer}
    operators = {node.op_type for node in model.graph.node}
    if onnx.TensorProto.FLOAT16 in kinds or operators.intersection(_CONVERTED):
        raise ModelError("it is quantised already; give the fp32 file")
    standard = next((o.version for o in model.opset_import if not o.domain), 0)
    return (
        version_converter.convert_version(model, opset) if standard < opset else model
    )


def inputs(model: Any) -> dict[str, Input]:
    """Return what the model takes, by name."""
    import onnx

    stored = {tensor.name for tensor in model.graph.initializer}
    found = {}
    for value in model.graph.input:
        if value.name in stored:
            continue
        kind = value.type.tensor_type
        dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
        first = kind.shape.dim[0].dim_value if kind.shape.dim else 0
        found[value.name] = Input(dtype=dtype, batch=first if first > 0 else None)
    return found


def tidy(path: Path) -> None:
    """Take out of a file what only a debugger wants, and write it in one fixed way."""
    import onnx

    model = onnx.load(path)
    del model.metadata_props[:]
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    path.write_bytes(model.SerializeToString(deterministic=True))
