"""Read a TensorFlow Lite file: bounds are checked, nothing in it is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError
from .dead_channels import Channels, with_live
from .graph import Graph, Step, Tensor, elements, product
from .schema import load_schema, names_of

IDENTIFIER = b"TFL3"

_CONTROL = {"IF", "WHILE", "CALL", "STABLEHLO_COMPOSITE", "STABLEHLO_WHILE"}
_RECURRENT = {
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "UNIDIRECTIONAL_SEQUENCE_RNN",
    "LSTM",
    "RNN",
    "SVDF",
}
_UNKNOWN = {
    "BIDIRECTIONAL_SEQUENCE_LSTM",
    "BIDIRECTIONAL_SEQUENCE_RNN",
    "CONV_3D_TRANSPOSE",
    "DELEGATE",
    "STABLEHLO_CONVOLUTION",
    "STABLEHLO_CUSTOM_CALL",
    "STABLEHLO_DOT_GENERAL",
}
_CUSTOM_WITHOUT_MACS = {"TFLite_Detection_PostProcess"}
_COMPILED = {"CUSTOM:edgetpu-custom-op", "CUSTOM:ethos-u"}
"""What compilers leave of the operators that they gave to an accelerator."""
_DTYPES = {"FLOAT8_E4M3FN": "float8", "FLOAT8_E5M2": "float8"}

# Where a stored weight's output channels lie.
_OUTPUT_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": -1, "FULLY_CONNECTED": 0}
_ZERO_DTYPES = {"INT8": "i1", "UINT8": "u1", "FLOAT32": "<f4"}

Counted = tuple[str, int | None]


def read(path: Path) -> Graph:
    """Return the graph of a TensorFlow Lite file.

    Raises:
        ModelError: the content cannot be, or the reader's package is missing.
    """
    schema = load_schema()
    return _Reader(schema, schema.Model.GetRootAs(path.read_bytes())).graph()


class _Reader:
    """The tables of one file; positions in it become names."""

    def __init__(self, schema: Any, model: Any) -> None:
        self.schema, self.model = schema, model
        self.operators = names_of(schema.BuiltinOperator)
        self.dtypes = names_of(schema.TensorType)
        if model.Version() != 3 or model.SubgraphsLength() < 1:
            raise ModelError(
                f"schema version {model.Version()!r} with {model.SubgraphsLength()} "
                "subgraphs; version 3 with at least 1 is valid"
            )
        self.codes = [
            self._operator(model.OperatorCodes(i))
            for i in range(model.OperatorCodesLength())
        ]

    def graph(self) -> Graph:
        """Return the main subgraph; the others add stored tensors and operators."""
        graphs = [self._subgraph(i) for i in range(self.model.SubgraphsLength())]
        main, others = graphs[0], graphs[1:]
        steps = main.steps
        if any(step.macs != 0 for other in others for step in other.steps):
            # How often a branch or a loop's body runs does not stand in the file.
            steps = tuple(_uncountable(step) for step in steps)
        return Graph(
            format="tflite",
            input_specs=main.input_specs,
            output_specs=main.output_specs,
            inputs=main.inputs,
            outputs=main.outputs,
            tensors={k: t for graph in graphs for k, t in graph.tensors.items()},
            steps=steps,
            operators=sum((Counter(g.operators) for g in graphs), Counter()),
        )

    def _subgraph(self, number: int) -> Graph:
        table = self.model.Subgraphs(number)
        found = [
            self._tensor(table.Tensors(i), f"{number}:{i}")
            for i in range(table.TensorsLength())
        ]
        steps = [
            self._step(number, table.Operators(i), found)
            for i in range(table.OperatorsLength())
        ]
        steps = with_live(
            steps, {one.name: one for one, _ in found}, self._zero_rows(number, steps)
        )
        inputs = [_at(found, table.Inputs(i)) for i in range(table.InputsLength())]
        outputs = [_at(found, table.Outputs(i)) for i in range(table.OutputsLength())]
        if number == 0 and not (steps and outputs):
            raise ModelError(f"it has {len(steps)} operators, {len(outputs)} outputs")
        return Graph(
            format="tflite",
            input_specs=tuple(spec.spec for _, spec in inputs),
            output_specs=tuple(spec.spec for _, spec in outputs),
            inputs=tuple(tensor.name for tensor, _ in inputs),
            outputs=tuple(tensor.name for tensor, _ in outputs),
            tensors={tensor.name: tensor for tensor, _ in found},
            steps=tuple(steps),
            operators=Counter(step.operator for step in steps),
        )

    def _zero_rows(self, number: int, steps: list[Step]) -> dict[str, Channels]:
        """Return for each stored weight which output channels are all zero."""
        table = self.model.Subgraphs(number)
        found = {}
        for step in steps:
            axis = _OUTPUT_AXES.get(step.operator)
            if axis is None or len(step.inputs) < 2:
                continue
            index = int(step.inputs[1].split(":")[1])
            rows = self._zeros(table.Tensors(index), axis)
            if rows is not None:
                found[step.inputs[1]] = rows
        return found

    def _zeros(self, tensor: Any, axis: int) -> Channels | None:
        """Return the channels of a stored tensor (8 bits, fp32) that are all zero."""
        buffer = self.model.Buffers(tensor.Buffer())
        kind = _ZERO_DTYPES.get(self.dtypes[tensor.Type()])
        if kind is None or buffer.DataIsNone() or tensor.Sparsity() is not None:
            return None
        shape = [tensor.Shape(i) for i in range(tensor.ShapeLength())]
        _, _, zero_point = _quantisation(tensor.Quantization())
        data = buffer.DataAsNumpy().view(kind).reshape(shape)
        others = tuple(i for i in range(len(shape)) if i != axis % len(shape))
        zeros: Channels = np.all(data == (zero_point or 0), axis=others)
        return zeros

    def _operator(self, code: Any) -> str:
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if number not in self.operators:
            raise ModelError(f"unknown operator code {number!r}")
        name = self.operators[number]
        return f"CUSTOM:{_text(code.CustomCode())}" if name == "CUSTOM" else name

    def _tensor(self, table: Any, key: str) -> tuple[Tensor, Tensor]:
        """Return a tensor as the graph has it, and as the caller sees it."""
        name = _text(table.Name())
        number = table.Type()
        if number not in self.dtypes:
            raise ModelError(f"tensor {name!r} has the unknown type {number!r}")
        kind = self.dtypes[number]
        dtype = _DTYPES.get(kind, kind.lower())
        shape = tuple(table.Shape(i) for i in range(table.ShapeLength()))
        free = tuple(table.ShapeSignature(i) for i in range(len(shape)))
        scales, scale, zero_point = _quantisation(table.Quantization())
        constant = self._check_buffer(table, name, dtype, shape)
        counted = dtype.startswith(("float", "bfloat")) or scales > 0
        spec = Tensor(
            name=name,
            dtype=dtype,
            shape=free if table.ShapeSignatureLength() == len(shape) else shape,
            scale=scale,
            zero_point=zero_point,
        )
        tensor = Tensor(
            name=key,
            dtype=dtype,
            shape=shape,
            constant=constant,
            parameter=constant and counted and len(shape) > 0,
        )
        return tensor, spec

    def _check_buffer(
        self, table: Any, name: str, dtype: str, shape: tuple[int, ...]
    ) -> bool:
        """Return whether the tensor is stored; refuse one of a wrong size."""
        index = table.Buffer()
        if table.ExternalBuffer():
            raise ModelError(f"tensor {name!r} is stored outside the file")
        if index >= self.model.BuffersLength():
            raise ModelError(f"tensor {name!r} names buffer {index!r}, which is not")
        buffer = self.model.Buffers(index)
        if buffer.DataIsNone() or not buffer.DataLength():
            return bool(buffer.Size())
        size = buffer.DataAsNumpy().size
        if min(shape, default=0) < 0:
            raise ModelError(f"stored tensor {name!r} has the shape {shape!r}")
        need = Tensor(name=name, dtype=dtype, shape=shape).size_bytes
        if need is not None and need != size and table.Sparsity() is None:
            raise ModelError(
                f"tensor {name!r} holds {size} bytes; its shape {shape!r} of {dtype} "
                f"needs {need}"
            )
        return True

    def _step(
        self, number: int, table: Any, found: list[tuple[Tensor, Tensor]]
    ) -> Step:
        index = table.OpcodeIndex()
        if index >= len(self.codes):
            raise ModelError(f"operator code {index!r} is not in the file")
        name = self.codes[index]
        ins: list[Tensor | None] = [
            None if table.Inputs(i) == -1 else _at(found, table.Inputs(i))[0]
            for i in range(table.InputsLength())
        ]
        outs = [_at(found, table.Outputs(i))[0] for i in range(table.OutputsLength())]
        try:
            kind, macs = _count(name, ins, outs)
        except (IndexError, AttributeError) as exc:
            raise ModelError(
                f"operator {name} of subgraph {number} lacks inputs or outputs"
            ) from exc
        return Step(
            operator=name,
            inputs=tuple(tensor.name for tensor in ins if tensor is not None),
            outputs=tuple(tensor.name for tensor in outs),
            kind=kind,
            macs=macs,
            opaque=name in _COMPILED,
        )


def _count(name: str, ins: list[Any], outs: list[Any]) -> Counted:
    """Return the class and the multiply-accumulates of one operator."""
    counter = _COUNTERS.get(name)
    if counter is not None:
        return counter(ins, outs)
    if name in _RECURRENT:
        return "other", _recurrent(name, ins)
    custom = name.removeprefix("CUSTOM:")
    if name in _UNKNOWN or (custom != name and custom not in _CUSTOM_WITHOUT_MACS):
        return "other", None
    return "other", 0


def _convolution(ins: list[Any], outs: list[Any]) -> Counted:
    # Weights are [out, height, width, in of one group].
    weights = ins[1].shape
    kind = "conv1x1" if weights[1:3] == (1, 1) else "conv"
    return kind, product(outs[0].elements, elements(weights[1:]))


def _depthwise(ins: list[Any], outs: list[Any]) -> Counted:
    # Weights are [1, height, width, out].
    return "depthwise", product(outs[0].elements, elements(ins[1].shape[1:3]))


def _transposed(ins: list[Any], outs: list[Any]) -> Counted:
    # Inputs are (output shape, weights [out, height, width, in], activations).
    return "conv", product(ins[2].elements, elements(ins[1].shape[:3]))


def _volume(ins: list[Any], outs: list[Any]) -> Counted:
    # Weights are [depth, height, width, in, out].
    return "conv", product(outs[0].elements, elements(ins[1].shape[:4]))


def _dense(ins: list[Any], outs: list[Any]) -> Counted:
    # Weights are [out, in].
    return "dense", product(outs[0].elements, ins[1].shape[-1])


def _batch_matmul(ins: list[Any], outs: list[Any]) -> Counted:
    # Either side may be transposed: of [.., m, k] and [.., m, n] k is in the sizes.
    rows, columns = outs[0].shape[-2:]
    left = ins[0].shape[-2:]
    inner = left[1] if left[0] == rows else left[0]
    return "dense", product(elements(outs[0].shape[:-2]), rows, columns, inner)


_COUNTERS: dict[str, Callable[[list[Any], list[Any]], Counted]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "CONV_3D": _volume,
    "FULLY_CONNECTED": _dense,
    "BATCH_MATMUL": _batch_matmul,
}


def _recurrent(name: str, ins: list[Any]) -> int | None:
    """Return steps in time x elements of all weight matrices."""
    # Of [time, sample, in] and [sample, time, in] alike: time x samples.
    x = ins[0].shape
    steps = elements(x[:2]) if name.startswith("UNIDIRECTIONAL") else elements(x[:1])
    weights = [t for t in ins[1:] if t is not None and t.constant and len(t.shape) == 2]
    return product(steps, sum(tensor.elements for tensor in weights))


def _uncountable(step: Step) -> Step:
    if step.operator not in _CONTROL:
        return step
    return Step(
        operator=step.operator, inputs=step.inputs, outputs=step.outputs, macs=None
    )


def _quantisation(table: Any) -> tuple[int, float | None, int | None]:
    """Return the number of scales, and scale and zero point where there is one."""
    count = 0 if table is None else table.ScaleLength()
    if count != 1:
        return count, None, None
    scale = float(table.Scale(0))
    if not (isfinite(scale) and scale > 0):
        raise ModelError(f"a tensor has the scale {scale!r}; above 0 is valid")
    zero_point = table.ZeroPoint(0) if table.ZeroPointLength() else 0
    return 1, scale, int(zero_point)


def _at(found: list[tuple[Tensor, Tensor]], index: int) -> tuple[Tensor, Tensor]:
    if not 0 <= index < len(found):
        raise ModelError(f"tensor {index!r} is not among the file's {len(found)}")
    return found[index]


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
