"""Read the network of a TensorFlow Lite file; nothing in it is run.

Bounds and sizes are what ``harness.formats.tflite`` has checked before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ....harness.errors import ModelError
from ....harness.formats import tflite
from ....harness.formats.schema import load_schema, names_of
from .network import Network, Operator, Tensor

_DTYPES = {"int8": "<i1", "int32": "<i4", "float32": "<f4"}


def read(path: Path) -> Network:
    """Return the network.

    Raises:
        ModelError: the content cannot be, or it has more than one subgraph.
    """
    tflite.read(path)
    schema = load_schema()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes()))
    if len(model.subgraphs) != 1:
        raise ModelError(f"it has {len(model.subgraphs)} subgraphs; 1 is valid here")
    return _network(schema, model)


def _network(schema: Any, model: Any) -> Network:
    graph = model.subgraphs[0]
    kinds = names_of(schema.TensorType)
    tensors = [
        _tensor(index, kinds[table.type].lower(), table, model)
        for index, table in enumerate(graph.tensors)
    ]
    codes = names_of(schema.BuiltinOperator)
    names = [
        codes[max(code.builtinCode, code.deprecatedBuiltinCode)]
        for code in model.operatorCodes
    ]
    return Network(
        operators=[
            Operator(
                name=names[table.opcodeIndex],
                inputs=[None if i < 0 else tensors[i] for i in table.inputs],
                outputs=[tensors[i] for i in table.outputs],
                options=vars(table.builtinOptions) if table.builtinOptions else {},
            )
            for table in graph.operators
        ],
        inputs=[tensors[i] for i in _list(graph.inputs)],
        outputs=[tensors[i] for i in _list(graph.outputs)],
    )


def _tensor(index: int, dtype: str, table: Any, model: Any) -> Tensor:
    shape = tuple(int(n) for n in _list(table.shape))
    quantisation = table.quantization
    data = model.buffers[table.buffer].data
    stored = None
    if data is not None and len(data) and dtype in _DTYPES:
        stored = np.frombuffer(bytes(data), _DTYPES[dtype]).reshape(shape)
    return Tensor(
        index=index,
        dtype=dtype,
        shape=shape,
        scales=tuple(float(x) for x in _list(getattr(quantisation, "scale", None))),
        zero_points=tuple(
            int(x) for x in _list(getattr(quantisation, "zeroPoint", None))
        ),
        data=stored,
    )


def _list(value: Any) -> list[Any]:
    return [] if value is None else list(value)
