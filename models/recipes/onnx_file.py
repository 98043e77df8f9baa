"""ONNX files as the recipes read and write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...harness.errors import ModelError
from .samples import Input

_CONVERTED = (
    *("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"),
    *("QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "MatMulNBits"),
)


def load(source: Path, opset: int = 0) -> Any:
    """Return an fp32 model, its opset raised to at least this one.

    Raises:
        ModelError: it is quantised or converted already, has operators that nobody
            knows, or weights that are not finite.
    """
    import onnx
    from onnx import version_converter

    model = onnx.load(source)
    kinds = {tensor.data_type for tensor in model.graph.initializer}
    operators = {node.op_type for node in model.graph.node}
    if onnx.TensorProto.FLOAT16 in kinds or operators.intersection(_CONVERTED):
        raise ModelError("it is quantised already; give the fp32 file")
    standard = next((o.version for o in model.opset_import if not o.domain), 0)
    _check_operators(model, standard)
    _check_weights(model)
    return (
        version_converter.convert_version(model, opset) if standard < opset else model
    )


def _check_operators(model: Any, opset: int) -> None:
    from onnx import defs

    newest = defs.onnx_opset_version()
    if opset > newest:
        raise ModelError(
            f"it is of opset {opset}, and the installed onnx knows up to {newest}; "
            "export it with an older opset"
        )
    standard = {n.op_type for n in model.graph.node if n.domain in ("", "ai.onnx")}
    unknown = sorted(kind for kind in standard if not defs.has(kind, opset))
    if unknown:
        raise ModelError(
            f"opset {opset} has no operator {', '.join(map(repr, unknown))}; export it "
            "with operators of the standard"
        )


def _check_weights(model: Any) -> None:
    import numpy as np
    from onnx import TensorProto, numpy_helper

    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        if not np.isfinite(numpy_helper.to_array(tensor)).all():
            raise ModelError(
                f"its weights {tensor.name!r} hold NaN or infinity; train it again"
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
