"""TFLite files as the recipes read them."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from ...harness.errors import ModelError
from .layers import Layer
from .samples import Input

_INT4_OPERATORS = ("CONV_2D", "FULLY_CONNECTED")
"""All that the quantiser can combine 4-bit weights and 8-bit activations for."""


def check(source: Path) -> Any:
    """Return an interpreter of an fp32 file that can be quantised.

    Raises:
        ModelError: it is quantised or converted already, or a weight is not finite.
    """
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(source), num_threads=1)
    for tensor in interpreter.get_tensor_details():
        scales = tensor["quantization_parameters"]["scales"]
        if len(scales) or tensor["dtype"] is np.float16:
            raise ModelError("it is quantised already; give the fp32 file")
    _check_weights(source)
    return interpreter


def _check_weights(source: Path) -> None:
    import numpy as np
    from ai_edge_litert.schema_py_generated import TensorType

    model = _read(source)
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            content = model.buffers[tensor.buffer].data
            if tensor.type != TensorType.FLOAT32 or content is None:
                continue
            if not np.isfinite(np.frombuffer(bytes(content), "<f4")).all():
                name = tensor.name.decode("utf-8", "replace")
                raise ModelError(
                    f"its weights {name!r} hold NaN or infinity; train it again"
                )


def layers(source: Path) -> list[Layer]:
    """Return the plain convolutions and dense layers with stored weights.

    These are the layers that can have 4 bits; each is named after what it puts out.
    """
    return [
        Layer(
            name=name.rstrip(";"),
            operator=kind,
            weights=prod(shape),
            is_sum=kind != "CONV_2D" or shape[-1] > 1,
        )
        for kind, name, shape in _operators(_read(source))
        if kind in _INT4_OPERATORS and shape
    ]


def operators(source: Path) -> list[tuple[str, str]]:
    """Return the kind and the name of every operator that the quantiser knows.

    The name is that of the operator's outputs, by which the quantiser's rules find it.
    """
    return [(kind, name) for kind, name, _ in _operators(_read(source))]


def _operators(model: Any) -> Iterator[tuple[str, str, tuple[int, ...] | None]]:
    """Yield kind, name and the shape of stored weights, None where it has none."""
    from ai_edge_quantizer.utils import tfl_flatbuffer_utils

    kinds = tfl_flatbuffer_utils.TFL_OP_CODE_TO_NAME
    for graph in model.subgraphs:
        for operator in graph.operators:
            kind = kinds.get(model.operatorCodes[operator.opcodeIndex].builtinCode)
            if kind is None:
                continue
            shape = None
            if len(operator.inputs) > 1 and operator.inputs[1] >= 0:
                second = graph.tensors[operator.inputs[1]]
                if model.buffers[second.buffer].data is not None:
                    shape = tuple(int(size) for size in second.shape)
            name = tfl_flatbuffer_utils.get_op_scope(operator, graph.tensors)
            yield kind.value, name, shape


def signature(interpreter: Any) -> tuple[str, dict[str, str], dict[str, Input]]:
    """Return the signature's name, its name of each input, and what inputs take.

    Raises:
        ModelError: it has no signature.
    """
    import numpy as np

    signatures = list(interpreter.get_signature_list())
    if not signatures:
        raise ModelError("it has no signature; convert it with a newer converter")
    details = interpreter.get_signature_runner(signatures[0]).get_input_details()
    inputs = {
        tensor["name"]: Input(
            # A prescribed number is kept: not every graph can be resized.
            dtype=np.dtype(tensor["dtype"]).name,
            batch=int(tensor["shape"][0]),
        )
        for tensor in details.values()
    }
    names = {tensor["name"]: name for name, tensor in details.items()}
    return signatures[0], names, inputs


def _read(source: Path) -> Any:
    from ai_edge_litert.tools import flatbuffer_utils

    return flatbuffer_utils.read_model(str(source))
