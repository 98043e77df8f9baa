"""What each operator's kernel keeps in TensorFlow Lite Micro's arena.

Sizes follow the structures of tflite-micro at commit 90b983c2 (``*Params`` in
``compiler/mlir/lite/core/c/builtin_op_data.h``, ``OpData`` in
``lite/micro/kernels``) and the ``*_get_buffer_size`` functions of CMSIS-NN at commit
99f736a6. A structure is written as the types of its fields: ``i`` 4 bytes, ``h`` 2,
``b`` 1, ``d`` 8, ``p`` a pointer or a size.
"""

from __future__ import annotations

from dataclasses import dataclass

from .structure import Operator, Subgraph, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How the interpreter was compiled.

    ``kernels`` is ``reference`` or ``cmsis-nn``; ``dsp`` and ``mve`` are what the core
    offers CMSIS-NN. ``is_recording`` and ``has_compression`` are true of the Python
    package's build alone.
    """

    kernels: str = "reference"
    dsp: bool = False
    mve: bool = False
    pointer_bytes: int = 4
    is_recording: bool = False
    has_compression: bool = False

    @property
    def is_cmsis(self) -> bool:
        """Return whether CMSIS-NN's kernels run where there are some."""
        return self.kernels == "cmsis-nn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Bytes that an operator asks for, each an allocation of its own.

    ``parameters`` of the file's options, ``state`` kept by the kernel, ``arrays`` made
    when it prepares, ``scratch`` only while it runs.
    """

    parameters: int = 0
    state: int = 0
    arrays: tuple[int, ...] = ()
    scratch: tuple[int, ...] = ()


def sizeof(fields: str, pointer_bytes: int) -> int:
    """Return the size of a structure with its padding."""
    sizes = {"p": pointer_bytes, "i": 4, "h": 2, "b": 1, "d": 8}
    end, widest = 0, 1
    for kind in fields.replace(" ", ""):
        size = sizes[kind]
        end = -(-end // size) * size + size
        widest = max(widest, size)
    return -(-end // widest) * widest


_PARAMETERS = {
    "CONV_2D": 28,
    "DEPTHWISE_CONV_2D": 28,
    "TRANSPOSE_CONV": 20,
    "FULLY_CONNECTED": 16,
    "AVERAGE_POOL_2D": 40,
    "MAX_POOL_2D": 40,
    "SOFTMAX": 4,
    "RESHAPE": 36,
    "SQUEEZE": 36,
    "ADD": 8,
    "SUB": 8,
    "MUL": 4,
    "CONCATENATION": 8,
    "MEAN": 1,
    "SUM": 1,
    "STRIDED_SLICE": 24,
    "PACK": 8,
    "UNPACK": 8,
    "SPLIT": 4,
    "LEAKY_RELU": 4,
    "RESIZE_NEAREST_NEIGHBOR": 2,
    "RESIZE_BILINEAR": 2,
}

_ADD = "b ii ii iii ii iii"
_STATE = {
    "CONV_2D": "iiii iii ii pp ii i",
    "DEPTHWISE_CONV_2D": "iiii iii ii pp ii i",
    "FULLY_CONNECTED": "ii ii i iii i pp b",
    "AVERAGE_POOL_2D": "iiii ii ii",
    "MAX_POOL_2D": "iiii ii ii",
    "SOFTMAX": "d iiii ii i p pp pp",
    "ADD": _ADD + "ii",
    "SUB": _ADD,
    "MUL": "ii iii ii ii",
    "CONCATENATION": "i pp iii",
    "LOGISTIC": "iiii",
    "TANH": "iiii",
    "RELU": "iii iiii",
    "RELU6": "ii",
    "LEAKY_RELU": "iiiiii",
    "QUANTIZE": "id iii",
    "DEQUANTIZE": "di iii",
    "PAD": "b iiiii b iiiii i i",
    "PADV2": "b iiiii b iiiii i i",
    "STRIDED_SLICE": "b iiiii b iiiii b iiiii hhhhh b",
    "MEAN": "iiiii iiiii i",
    "SUM": "iiiii iiiii i",
}
_PARAMETERS_OF_PACKAGE = {"FULLY_CONNECTED": 32}
"""Seen in the Python package's build, whose revision is newer than the sources."""

_COMPRESSION = {
    "CONV_2D": "ii",
    "DEPTHWISE_CONV_2D": "ii",
    "FULLY_CONNECTED": "ii",
    "CONCATENATION": "i" * 10,
}
_CMSIS = {
    "CONV_2D": "i",
    "DEPTHWISE_CONV_2D": "i",
    "FULLY_CONNECTED": "ii p iii",
    "AVERAGE_POOL_2D": "i",
    "MAX_POOL_2D": "i",
    "SOFTMAX": "ii",
}
_STATELESS = {
    *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "PACK", "UNPACK", "SPLIT"),
    *("MAXIMUM", "MINIMUM", "ABS", "SLICE", "CAST", "SHAPE", "RESIZE_NEAREST_NEIGHBOR"),
}

KNOWN = frozenset(_STATE) | frozenset(_STATELESS)
"""Operators whose needs are known from their source; others may keep any number."""

OPTIMISED_UNKNOWN = frozenset(
    {"BATCH_MATMUL", "SVDF", "TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM"}
)
"""Those of them that CMSIS-NN has kernels for, with scratch memory of their own."""

_QUANTISED = ("INT8", "INT16")
_TABLE_16BIT = 513
_FAST_DEPTHWISE_MAX_PADDING = 1
_FAST_DEPTHWISE_16BIT_BELOW = 512
_CHANNELS_IN_BLOCK_MVE = 124
_ONE_CHANNEL_ABOVE_MVE = 8


def need(operator: Operator, graph: Subgraph, build: Build) -> Need:
    """Return what one operator asks for; nothing where it is not ``KNOWN``."""
    name = operator.name
    parameters = _PARAMETERS.get(name, 0)
    if build.has_compression:
        parameters = _PARAMETERS_OF_PACKAGE.get(name, parameters)
    fields = _STATE.get(name)
    if fields is None:
        return Need(parameters=parameters)
    pointer = build.pointer_bytes
    if build.has_compression:
        fields += _COMPRESSION.get(name, "")
    state = sizeof(fields, pointer)
    if build.is_cmsis and name in _CMSIS:
        unit = ("d", 8) if "d" in fields else ("i", 4)
        state = sizeof(unit[0] * (state // unit[1]) + _CMSIS[name], pointer)
    tensors = [graph.tensors[i] if i >= 0 else None for i in operator.inputs]
    output = graph.tensors[operator.outputs[0]] if operator.outputs else None
    try:
        arrays = _arrays(name, tensors)
        scratch = _scratch(operator, tensors, output, build)
    except (IndexError, AttributeError, TypeError):  # lacks an input or a length
        arrays, scratch = (), ()
    return Need(parameters=parameters, state=state, arrays=arrays, scratch=scratch)


_Tensors = list[Tensor | None]


def _arrays(name: str, tensors: _Tensors) -> tuple[int, ...]:
    """Return the multipliers and shifts of each channel, and look-up tables."""
    first, weights = tensors[0], tensors[1] if len(tensors) > 1 else None
    if name == "SOFTMAX" and first is not None and first.dtype == "INT16":
        return (2 * _TABLE_16BIT,) * 2
    if first is None or weights is None or first.dtype not in _QUANTISED:
        return ()
    if name == "CONV_2D":
        return (4 * weights.shape[0],) * 2
    if name == "DEPTHWISE_CONV_2D":
        return (4 * weights.shape[3],) * 2
    if name == "FULLY_CONNECTED" and weights.scales > 1:
        return (4 * weights.shape[0],) * 2
    return ()


def _scratch(
    operator: Operator, tensors: _Tensors, output: Tensor | None, build: Build
) -> tuple[int, ...]:
    name, first = operator.name, tensors[0]
    if first is None or output is None:
        return ()
    weights = tensors[1] if len(tensors) > 1 else None
    if name in ("MEAN", "SUM") and weights is not None:
        sums = (4 * output.elements,) if first.dtype in _QUANTISED else ()
        return (4 * len(first.shape), 4 * weights.elements, *sums)
    if weights is not None and weights.dtype == "INT4" and not build.is_cmsis:
        return (weights.elements,)  # unpacked while it runs
    if not build.is_cmsis or first.dtype not in _QUANTISED:
        return ()
    size = 0
    if name == "CONV_2D" and weights is not None:
        size = _convolution(operator, first, weights, output, build)
    elif name == "DEPTHWISE_CONV_2D" and weights is not None:
        size = _depthwise(operator, first, weights, output, build)
    elif name == "FULLY_CONNECTED" and weights is not None and build.mve:
        size = 4 * weights.shape[0] if first.dtype == "INT8" else 0
    elif name == "AVERAGE_POOL_2D" and build.dsp and not build.mve:
        size = 4 * first.shape[3]
    return (size,) if size else ()


def _convolution(
    operator: Operator, first: Tensor, weights: Tensor, output: Tensor, build: Build
) -> int:
    """Return ``arm_convolve_wrapper_s8_get_buffer_size``, or that of 16 bits."""
    _, height, width, depth = weights.shape
    if first.dtype == "INT16":
        return _columns_16bit(depth * height * width, build)
    at = operator.options
    left, total = _padding(operator, first, weights, output)
    undilated = at["dilation_width"] == 1 and at["dilation_height"] == 1
    alike = first.shape[3] == depth
    if undilated and alike and height == width == 1 and left == (0, 0):
        return 0
    is_row = first.shape[1] == 1 and at["dilation_width"] == 1 and height == 1
    if is_row and alike and build.mve and at["stride_width"] * depth % 4 == 0:
        return _row(first, weights, output, at["stride_width"], left[1], total)
    return _columns(depth * height * width, build)


def _columns(length: int, build: Build) -> int:
    """Return the bytes of the columns that a convolution is unrolled to."""
    if build.mve:
        return 4 * 16 * -(-length // 16)
    return 2 * 2 * 4 * -(-length // 4)


def _columns_16bit(length: int, build: Build) -> int:
    return 4 * 8 * 2 * -(-length // 8) if build.mve else 2 * 2 * length


def _row(
    first: Tensor, weights: Tensor, output: Tensor, stride: int, left: int, total: int
) -> int:
    """Return ``arm_convolve_1_x_n_s8_get_buffer_size_mve``."""
    width, depth = weights.shape[2], first.shape[3]
    odd = total % 2
    right_columns = max(1, (left + odd + stride - 1) // stride) if left + odd else 0
    left_columns = max(1, (left + stride - 1) // stride) if left else 0
    inner = max(output.shape[2] - right_columns - left_columns, 0)
    if left_columns + inner + right_columns != output.shape[2]:
        return _columns(depth * width, Build(mve=True))
    right = right_columns * depth if odd else left * depth
    return max(width * depth + left * depth, (width - 1) * depth + right)


def _depthwise(
    operator: Operator, first: Tensor, weights: Tensor, output: Tensor, build: Build
) -> int:
    """Return ``arm_depthwise_conv_wrapper_s8_get_buffer_size``, or of 16 bits."""
    _, height, width, _ = weights.shape
    channels, at = first.shape[3], operator.options
    left, _ = _padding(operator, first, weights, output)
    is_8bit = first.dtype == "INT8"
    if (
        is_8bit
        and build.mve
        and channels == 1
        and output.shape[3] > _ONE_CHANNEL_ABOVE_MVE
    ):
        return _columns(height * width, build) + weights.elements
    undilated = at["dilation_width"] == 1 and at["dilation_height"] == 1
    if channels != output.shape[3] or not undilated:
        return 0
    if first.dtype == "INT16":
        if width * height >= _FAST_DEPTHWISE_16BIT_BELOW:
            return 0
        size = 2 * channels * width * height
        return 4 * size + 8 if build.mve else size if build.dsp else 0
    if build.mve:
        return 4 * _CHANNELS_IN_BLOCK_MVE * width * height
    if height == width == 3 and max(left) <= _FAST_DEPTHWISE_MAX_PADDING:
        return 0
    return 2 * channels * width * height if build.dsp else 0


def _padding(
    operator: Operator, first: Tensor, weights: Tensor, output: Tensor
) -> tuple[tuple[int, int], int]:
    """Return (top, left) padding, and the total of CMSIS-NN along the width."""
    found = []
    for axis, name in ((1, "height"), (2, "width")):
        kernel = (weights.shape[axis] - 1) * operator.options[f"dilation_{name}"] + 1
        stride = operator.options[f"stride_{name}"]
        reach = (output.shape[axis] - 1) * stride + kernel - first.shape[axis]
        found.append(max(reach, 0) // 2 if operator.options["same"] else 0)
    stride = operator.options["stride_width"]
    total = (output.shape[2] - 1) * stride + weights.shape[2] - first.shape[2]
    return (found[0], found[1]), total
