"""Weights of an ONNX file stored as integers, everything computed in float32.

Each weight is followed by the standard's DequantizeLinear, which gives it back under
its own name, so that nothing else in the graph changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.errors import ModelError
from . import onnx_file, onnx_weights
from .layers import EIGHT, Widths
from .recipe import Conversion

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OPSETS = {8: 13, 4: 21}
"""The first version of the standard whose markers know a scale for each channel, and
the first that knows 4 bits."""


def onnx_weight_only(widths: Widths = EIGHT) -> Conversion:
    """Return the conversion of weights alone to these widths."""

    def apply(source: Path, _: Mapping[str, NDArray[Any]], out: Path) -> None:
        _convert(source, out, widths)

    return Conversion(
        weight_bits=widths.bits,
        activation_bits=32,
        calibrated=False,
        tools=("onnx",),
        parameters={
            "weights": f"int{widths.bits}, symmetric, per channel",
            "scale of weights": "largest magnitude / 127, of 4 bits / 7",
            "activations": "float32",
            "inputs and outputs": "float32",
            **widths.told,
        },
        apply=apply,
    )


def _convert(source: Path, out: Path, widths: Widths) -> None:
    import onnx
    from onnx import helper, numpy_helper

    model = onnx_file.load(source, _OPSETS[widths.bits])
    known = onnx_weights.layers(model)
    if not any(
        widths.bits == 8 or widths.is_narrow(layer) for layer, _ in known.values()
    ):
        raise ModelError(f"it has no weight for {widths.bits} bits; use it in float32")
    markers, kept = [], []
    for tensor in model.graph.initializer:
        if tensor.name not in known:
            kept.append(tensor)
            continue
        layer, axis = known[tensor.name]
        bits = 4 if widths.is_narrow(layer) else 8
        values = numpy_helper.to_array(tensor)
        scale = onnx_weights.scales(values, axis, bits)
        codes, scales = f"{tensor.name}_quantized", f"{tensor.name}_scale"
        kept.append(_codes(values, scale, axis, bits, codes))
        kept.append(numpy_helper.from_array(scale, scales))
        markers.append(
            helper.make_node(
                "DequantizeLinear", [codes, scales], [tensor.name], axis=axis
            )
        )
    nodes = [*markers, *model.graph.node]
    copies = [type(node).FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    onnx.checker.check_model(model)
    onnx.save(model, out)
    onnx_file.tidy(out)


def _codes(values: Any, scale: Any, axis: int, bits: int, name: str) -> Any:
    """Return the integers that stand for weights, as they are stored."""
    import ml_dtypes
    import numpy as np
    from onnx import numpy_helper

    shape = [-1 if i == axis else 1 for i in range(values.ndim)]
    top = 2 ** (bits - 1) - 1
    codes = np.clip(np.rint(values / scale.reshape(shape)), -top, top)
    kind = ml_dtypes.int4 if bits == 4 else np.int8
    return numpy_helper.from_array(codes.astype(kind), name)
