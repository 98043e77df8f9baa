"""Small int8 networks: one input, and operators that each take it and are outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

SHAPE = (1, 7, 6, 5)
SCALE, ZERO = 0.05, 3


class Network:
    """A file in the making; every operator's output is one of the model's."""

    def __init__(self, shape: tuple[int, ...] = SHAPE) -> None:
        self._rng = np.random.default_rng(11)
        self._buffers = [schema.BufferT()]
        self._codes: dict[int, int] = {}
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._graph.outputs = []
        self.x = self.tensor(shape, SCALE, ZERO)
        self._graph.inputs = [self.x]

    def tensor(
        self,
        shape: tuple[int, ...],
        scales: Any = None,
        zero: int = 0,
        data: np.ndarray | None = None,
        axis: int = 0,
        kind: int = schema.TensorType.INT8,
        name: str = "t",
    ) -> int:
        table = schema.TensorT()
        table.name, table.shape, table.type = name.encode(), list(shape), kind
        if scales is not None:
            quantisation = schema.QuantizationParametersT()
            quantisation.scale = list(np.atleast_1d(np.float32(scales)))
            quantisation.zeroPoint = [zero] * len(quantisation.scale)
            quantisation.quantizedDimension = axis
            table.quantization = quantisation
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            self._buffers.append(buffer)
            table.buffer = len(self._buffers) - 1
        self._graph.tensors.append(table)
        return len(self._graph.tensors) - 1

    def operator(
        self,
        name: str,
        inputs: list[int],
        shape: tuple[int, ...],
        scale: float | None = 0.08,
        zero: int = -5,
        options: str | None = None,
        kind: int = schema.TensorType.INT8,
        kept: bool = True,
        **values: Any,
    ) -> int:
        """Add an operator, and its output to the model's if it is ``kept``."""
        code = getattr(schema.BuiltinOperator, name)
        table = schema.OperatorT()
        table.opcodeIndex = self._codes.setdefault(code, len(self._codes))
        output = self.tensor(shape, scale, zero, kind=kind)
        table.inputs, table.outputs = inputs, [output]
        if options:
            table.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            table.builtinOptions = getattr(schema, f"{options}T")()
            for key, value in values.items():
                assert hasattr(table.builtinOptions, key), key
                setattr(table.builtinOptions, key, value)
        self._graph.operators.append(table)
        if kept:
            self._graph.outputs.append(output)
        return output

    def weighed(
        self,
        name: str,
        options: str,
        weights: tuple[int, ...],
        shape: tuple[int, ...],
        axis: int = 0,
        source: int | None = None,
        channels: bool = True,
        **values: Any,
    ) -> int:
        """Add a convolution or a fully connected layer with random weights."""
        out = weights[axis]
        stored = self._rng.integers(-127, 128, weights, np.int8)
        scales = self._rng.uniform(0.001, 0.02, out if channels else 1)
        bias = self._rng.integers(-2000, 2000, out, np.int32)
        inputs = [
            self.x if source is None else source,
            self.tensor(weights, scales, 0, stored, axis),
            self.tensor((out,), SCALE * scales, 0, bias, kind=schema.TensorType.INT32),
        ]
        return self.operator(name, inputs, shape, options=options, **values)

    def write(self, path: Path) -> Path:
        model = schema.ModelT()
        model.version = 3
        model.operatorCodes = []
        for number in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode, code.version = number, 1
            code.deprecatedBuiltinCode = min(number, 127)
            model.operatorCodes.append(code)
        model.subgraphs, model.buffers = [self._graph], self._buffers
        path.write_bytes(bytes(flatbuffer_utils.convert_object_to_bytearray(model)))
        return path


def write_every_operator(path: Path) -> Path:
    """Write a model of all operators that the firmware has kernels for."""
    net = Network()
    conv = {"dilationHFactor": 1, "dilationWFactor": 1}
    same, valid, relu, relu6 = {"padding": 0}, {"padding": 1}, 1, 3
    one, two = {"strideH": 1, "strideW": 1}, {"strideH": 2, "strideW": 2}

    def convolve(weights, shape, **values):
        net.weighed("CONV_2D", "Conv2DOptions", weights, shape, **{**conv, **values})

    def depthwise(weights, shape, **values):
        values = {**conv, **values}
        kind = "DepthwiseConv2DOptions"
        net.weighed("DEPTHWISE_CONV_2D", kind, weights, shape, axis=3, **values)

    fused = {"fusedActivationFunction": relu}
    convolve((7, 3, 3, 5), (1, 4, 3, 7), **same, **two, **fused)
    wide = {"dilationHFactor": 2, "dilationWFactor": 2}
    convolve((4, 3, 3, 5), (1, 3, 2, 4), **valid, **one, **wide)
    convolve((3, 1, 1, 5), (1, 7, 6, 3), **same, **one)
    convolve((2, 1, 1, 5), (1, 4, 3, 2), **same, **two)
    convolve((6, 2, 3, 5), (1, 7, 6, 6), **same, **one)
    depthwise((1, 3, 3, 5), (1, 7, 6, 5), **same, **one, depthMultiplier=1)
    depthwise((1, 3, 2, 10), (1, 5, 5, 10), **valid, **one, depthMultiplier=2)
    clamped = {"fusedActivationFunction": relu6, "depthMultiplier": 1}
    depthwise((1, 5, 5, 5), (1, 4, 3, 5), **same, **two, **clamped)
    depthwise((1, 3, 3, 5), (1, 7, 6, 5), **same, **one, depthMultiplier=1, **wide)
    square = {"filterHeight": 3, "filterWidth": 2}
    unscaled = {"scale": SCALE, "zero": ZERO, "options": "Pool2DOptions"}
    x = [net.x]
    net.operator("MAX_POOL_2D", x, (1, 4, 3, 5), **unscaled, **same, **two, **square)
    net.operator(
        "AVERAGE_POOL_2D", x, (1, 4, 3, 5), **unscaled, **same, **two, **square
    )
    integer = {"kind": schema.TensorType.INT32}
    axes = net.tensor((2,), data=np.array([1, 2], "<i4"), **integer)
    net.operator("MEAN", [net.x, axes], (1, 5), options="ReducerOptions")
    amounts = np.array([[0, 0], [1, 2], [0, 3], [0, 0]], "<i4")
    padding = net.tensor((4, 2), data=amounts, **integer)
    net.operator("PAD", [net.x, padding], (1, 10, 9, 5), SCALE, ZERO, "PadOptions")
    together = {"options": "ConcatenationOptions", "axis": 3}
    net.operator("CONCATENATION", x * 2, (1, 7, 6, 10), SCALE, ZERO, **together)
    net.operator("RELU", x, SHAPE, 0.06, -128)
    net.operator("RELU6", x, SHAPE, SCALE, ZERO)
    net.operator("QUANTIZE", x, SHAPE, 0.11, 9, "QuantizeOptions")
    real = {"kind": schema.TensorType.FLOAT32, "options": "DequantizeOptions"}
    net.operator("DEQUANTIZE", x, SHAPE, None, **real)
    net.operator("SOFTMAX", x, SHAPE, 1 / 256, -128, "SoftmaxOptions", beta=1.0)
    net.operator("ADD", x * 2, SHAPE, 0.09, -128, "AddOptions", **fused)
    shape = net.tensor((2,), data=np.array([3, 70], "<i4"), **integer)
    line = [net.x, shape]
    flat = net.operator(
        "RESHAPE", line, (3, 70), SCALE, ZERO, "ReshapeOptions", kept=False
    )
    whole = {"options": "FullyConnectedOptions", "source": flat}
    net.weighed("FULLY_CONNECTED", weights=(9, 70), shape=(3, 9), **whole)
    net.weighed(
        "FULLY_CONNECTED", weights=(2, 70), shape=(3, 2), channels=False, **whole
    )
    return net.write(path)
