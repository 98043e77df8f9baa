"""What a .tflite file holds, as far as memory and support rest on it.

Run in a child process alone: a model file is not to be trusted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from ...harness.errors import ModelError
from ...harness.formats.schema import load_schema, names_of

_BYTES = {
    "FLOAT64": 8,
    "INT64": 8,
    "UINT64": 8,
    "COMPLEX64": 8,
    "FLOAT32": 4,
    "INT32": 4,
    "UINT32": 4,
    "FLOAT16": 2,
    "BFLOAT16": 2,
    "INT16": 2,
    "UINT16": 2,
}
"""Of one element; all others take a byte in the arena, packed or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor: ``scales`` counts those of its quantisation."""

    dtype: str
    shape: tuple[int, ...]
    is_stored: bool
    is_variable: bool
    is_dynamic: bool
    scales: int

    @property
    def elements(self) -> int:
        """Return the number of elements; of a scalar 1."""
        return prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Return the bytes that it takes in the arena."""
        return self.elements * _BYTES.get(self.dtype, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator; inputs and outputs are positions, -1 for one left out.

    ``options`` holds strides, dilations and ``same`` (1 or 0) of a convolution.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgraph:
    """Tensors and operators in the order of the file."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """A model; ``is_planned`` where the file says itself where tensors lie."""

    subgraphs: tuple[Subgraph, ...]
    size_bytes: int
    is_planned: bool


def read_structure(content: bytes) -> Structure:
    """Return the structure of a TensorFlow Lite file.

    Raises:
        ModelError: it names what is not in it. Whatever else damage may lead the
            reader to is raised as it comes.
    """
    schema = load_schema()
    model = schema.Model.GetRootAs(content)
    operators = names_of(schema.BuiltinOperator)
    codes = [
        _operator(model.OperatorCodes(i), operators)
        for i in range(model.OperatorCodesLength())
    ]
    names = {model.Metadata(i).Name() for i in range(model.MetadataLength())}
    return Structure(
        subgraphs=tuple(
            _subgraph(schema, model, model.Subgraphs(i), codes)
            for i in range(model.SubgraphsLength())
        ),
        size_bytes=len(content),
        is_planned=b"OfflineMemoryAllocation" in names,
    )


def _operator(code: Any, known: dict[int, str]) -> str:
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    name = known.get(number, f"operator {number}")
    if name == "CUSTOM":
        return f"CUSTOM:{(code.CustomCode() or b'').decode('utf-8', 'replace')[:100]}"
    return name


def _subgraph(schema: Any, model: Any, table: Any, codes: list[str]) -> Subgraph:
    types = names_of(schema.TensorType)
    tensors = tuple(
        _tensor(model, table.Tensors(i), types) for i in range(table.TensorsLength())
    )
    found = []
    for i in range(table.OperatorsLength()):
        operator = table.Operators(i)
        if operator.OpcodeIndex() >= len(codes):
            raise ModelError(f"operator code {operator.OpcodeIndex()} is not in it")
        name = codes[operator.OpcodeIndex()]
        found.append(
            Operator(
                name=name,
                inputs=_places(operator.Inputs, operator.InputsLength(), tensors, -1),
                outputs=_places(operator.Outputs, operator.OutputsLength(), tensors),
                options=_options(schema, operator, name),
            )
        )
    return Subgraph(
        tensors=tensors,
        operators=tuple(found),
        inputs=_places(table.Inputs, table.InputsLength(), tensors),
        outputs=_places(table.Outputs, table.OutputsLength(), tensors),
    )


def _places(
    at: Any, length: int, tensors: tuple[Tensor, ...], lowest: int = 0
) -> tuple[int, ...]:
    places = tuple(int(at(i)) for i in range(length))
    for place in places:
        if not lowest <= place < len(tensors):
            raise ModelError(f"tensor {place} is not among its {len(tensors)}")
    return places


def _tensor(model: Any, table: Any, types: dict[int, str]) -> Tensor:
    shape = tuple(int(table.Shape(i)) for i in range(table.ShapeLength()))
    signature = [table.ShapeSignature(i) for i in range(table.ShapeSignatureLength())]
    index = table.Buffer()
    if index >= model.BuffersLength():
        raise ModelError(f"buffer {index} is not in it")
    # A free first length is the batch, which is 1 on a microcontroller.
    free = [length for length in signature[1:] if length < 0]
    quantisation = table.Quantization()
    return Tensor(
        dtype=types.get(table.Type(), f"type {table.Type()}"),
        shape=shape,
        is_stored=model.Buffers(index).DataLength() > 0,
        is_variable=bool(table.IsVariable()),
        is_dynamic=bool(free) or min(shape, default=0) < 0,
        scales=0 if quantisation is None else quantisation.ScaleLength(),
    )


_CONVOLUTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
}


def _options(schema: Any, operator: Any, name: str) -> dict[str, int]:
    kind = _CONVOLUTIONS.get(name)
    table = operator.BuiltinOptions()
    if kind is None or table is None:
        return {}
    options = getattr(schema, kind)()
    options.Init(table.Bytes, table.Pos)
    return {
        "stride_height": options.StrideH(),
        "stride_width": options.StrideW(),
        "dilation_height": options.DilationHFactor(),
        "dilation_width": options.DilationWFactor(),
        "same": int(options.Padding() == schema.Padding.SAME),
    }
