"""Conversion of an ONNX file to 16-bit floats by ONNX Runtime's tool.

Inputs and outputs stay float32, so that the variant takes the place of its source: a
call then includes the two casts. On a processor without 16-bit kernels the runtime
computes in float32 and casts at every operator.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import onnx_file
from .recipe import Conversion

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _convert(source: Path, _: Mapping[str, NDArray[Any]], out: Path) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model = convert_float_to_float16(onnx_file.load(source), keep_io_types=True)
    _sort(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, out)
    onnx_file.tidy(out)


def _sort(graph: Any) -> None:
    """Put each cast before its first reader: the tool leaves them all at the end."""
    makers = {name: node for node in graph.node for name in node.output}
    placed: dict[int, Any] = {}

    def place(node: Any) -> None:
        for name in node.input:
            if name in makers and id(makers[name]) not in placed:
                place(makers[name])
        placed.setdefault(id(node), node)

    nodes = list(graph.node)
    for node in nodes:
        place(node)
    copies = [
        type(node).FromString(node.SerializeToString()) for node in placed.values()
    ]
    del graph.node[:]
    graph.node.extend(copies)


ONNX_FP16 = Conversion(
    weight_bits=16,
    activation_bits=16,
    calibrated=False,
    tools=("onnx", "onnxruntime"),
    parameters={
        "weights": "float16",
        "activations": "float16",
        "inputs and outputs": "float32",
    },
    apply=_convert,
)
