"""The C source of a lowered network.

No text of the model file comes here: tensors and operators are numbers, and identifiers
are made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .call import Call, Field
from .layout import Layout
from .network import Network, Tensor

OVERREAD_BYTES = 4
"""A kernel may read so far behind a tensor; what it finds there meets a weight of 0."""

_C_TYPES = {"int8": "int8_t", "int32": "int32_t", "float32": "float"}
_PER_LINE = 16


def source(network: Network, layout: Layout, name: str) -> str:
    """Return the text of ``model.c``; ``name`` is of letters, digits, ``._-``."""
    writer = _Writer(layout)
    calls = [writer.call(number, call) for number, call in enumerate(layout.calls)]
    lines = [
        "// Generated from a model file; see model.h.",
        '#include "kernels.h"',
        '#include "model.h"',
        "",
        '#define TABLE static const __attribute__((section(".weights"), aligned(4)))',
        "",
        f'const char model_name[] = "{name}";',
        f"const uint32_t model_input_bytes = {layout.input_bytes};",
        f"__attribute__((aligned(16))) int8_t "
        f"model_input[{layout.input_bytes + OVERREAD_BYTES}];",
        f"static __attribute__((aligned(16))) int8_t "
        f"arena[{layout.arena_bytes + OVERREAD_BYTES}];",
        "",
        *writer.lines,
        "",
        f"const uint32_t model_output_count = {len(network.outputs)};",
        "const struct output model_outputs[] = {",
        *(f"    {_output(layout, tensor)}," for tensor in network.outputs),
        "};",
        "",
        "void model_invoke(void) {",
        *(f"  {call};" for call in calls),
        "}",
        "",
    ]
    return "\n".join(lines)


def _output(layout: Layout, tensor: Tensor) -> str:
    real = tensor.dtype == "float32"
    scale = 1.0 if real else float(tensor.scale)
    zero = 0 if real else tensor.zero_point
    element = "ELEMENT_FLOAT32" if real else "ELEMENT_INT8"
    place = layout.place(tensor)
    return (
        f"{{.values = {place}, .count = {tensor.elements}, .element = {element}, "
        f".scale = {_number(scale)}, .zero = {zero}}}"
    )


class _Writer:
    """Definitions, in the order in which calls need them."""

    def __init__(self, layout: Layout) -> None:
        self.lines: list[str] = []
        self._layout = layout
        self._tables = 0

    def call(self, number: int, call: Call) -> str:
        """Define a call's constants, and return the call."""
        fields = self._struct(call.fields)
        self.lines.append(f"TABLE struct {call.kind} op_{number} = {fields};")
        arguments = [f"&op_{number}"]
        arguments += [self._pointer(tensor, "const ") for tensor in call.inputs]
        arguments.append(self._pointer(call.output, ""))
        scratch = self._layout.scratch(number)
        if scratch is not None:
            arguments.append(scratch)
        return f"{call.function}({', '.join(arguments)})"

    def _pointer(self, tensor: Tensor, const: str) -> str:
        c_type = _C_TYPES[tensor.dtype]
        if tensor.data is not None:
            return self._table(tensor.data)
        place = self._layout.place(tensor)
        return place if c_type == "int8_t" else f"({const}{c_type} *)(void *)({place})"

    def _struct(self, fields: Mapping[str, Field]) -> str:
        inside = (f".{name} = {self._value(value)}" for name, value in fields.items())
        return f"{{{', '.join(inside)}}}"

    def _value(self, value: Field) -> str:
        if isinstance(value, np.ndarray):
            return self._table(value)
        if isinstance(value, Mapping):
            return self._struct(value)
        return _number(value)

    def _table(self, values: NDArray[Any]) -> str:
        name = f"table_{self._tables}"
        self._tables += 1
        c_type = _C_TYPES[values.dtype.name]
        self.lines.append(f"TABLE {c_type} {name}[{values.size}] = {{")
        self.lines += _rows(values)
        self.lines.append("};")
        return name


def _rows(values: NDArray[Any]) -> Iterator[str]:
    numbers = [_number(value) for value in values.reshape(-1).tolist()]
    for start in range(0, len(numbers), _PER_LINE):
        yield f"  {','.join(numbers[start : start + _PER_LINE])},"


def _number(value: float) -> str:
    if isinstance(value, int):
        return "(-2147483647 - 1)" if value == -(2**31) else str(value)
    return f"{value.hex()}f" if np.isfinite(value) else "0.0f"
