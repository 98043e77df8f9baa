"""What the firmware's kernels take: checks of an operator's tensors and options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .network import Operator, Tensor

LENGTH_MAX = 0xFFFF
"""A window's fields are 16 bits wide."""

_SAME, _VALID = 0, 1


class Unsupported(Exception):
    """The kernels do not take this operator; the message says why."""


def activation(tensor: Tensor | None, dtype: str = "int8") -> Tensor:
    """Return a tensor of this type, with one scale if it is quantised.

    Raises:
        Unsupported: it is absent, of another type, of an unknown shape or not
            quantised as a whole.
    """
    if tensor is None:
        raise Unsupported("an input is absent")
    if tensor.dtype != dtype:
        raise Unsupported(f"{tensor.dtype} where {dtype} is valid")
    if any(not 0 < length < 1 << 24 for length in tensor.shape):
        raise Unsupported(f"the shape {tensor.shape}")
    if dtype == "int8" and not (len(tensor.scales) == 1 == len(tensor.zero_points)):
        raise Unsupported("int8 without a scale")
    if dtype == "int8" and not -128 <= tensor.zero_points[0] <= 127:
        raise Unsupported(f"the zero point {tensor.zero_points[0]}")
    return tensor


def image(tensor: Tensor | None) -> Tensor:
    """Return an int8 tensor of one NHWC image.

    Raises:
        Unsupported: it is none.
    """
    found = activation(tensor)
    if len(found.shape) != 4 or found.shape[0] != 1:
        raise Unsupported(f"the shape {found.shape}; [1, height, width, channels]")
    return found


def stored(tensor: Tensor | None, dtype: str, what: str) -> Tensor:
    """Return a tensor that the file stores.

    Raises:
        Unsupported: it is computed, absent, or of another type.
    """
    if tensor is None or tensor.data is None or tensor.dtype != dtype:
        raise Unsupported(f"{what} that are not stored {dtype}")
    return tensor


def window(
    operator: Operator, source: Tensor, target: Tensor, size: Sequence[int]
) -> dict[str, Any]:
    """Return the fields of ``struct window`` for a kernel of ``size`` (height, width).

    Raises:
        Unsupported: the output's shape is not what the options give.
    """
    options = operator.options
    if not {"strideH", "strideW", "padding"} <= options.keys():
        raise Unsupported("no strides and padding")
    strides = (options["strideH"], options["strideW"])
    dilations = (options.get("dilationHFactor", 1), options.get("dilationWFactor", 1))
    padding = options["padding"]
    pads = []
    for axis in (0, 1):
        length, out = source.shape[1 + axis], target.shape[1 + axis]
        stride, reach = strides[axis], (size[axis] - 1) * dilations[axis] + 1
        if stride < 1 or dilations[axis] < 1 or size[axis] < 1:
            raise Unsupported("a stride, dilation or size below 1")
        due = {
            _SAME: -(-length // stride),
            _VALID: (length - reach) // stride + 1,
        }.get(padding)
        if due != out:
            raise Unsupported(f"an output of {target.shape} for {source.shape}")
        total = (out - 1) * stride + reach - length
        pads.append(max(total, 0) // 2 if padding == _SAME else 0)
    fields = {
        "in_height": source.shape[1],
        "in_width": source.shape[2],
        "in_channels": source.shape[3],
        "out_height": target.shape[1],
        "out_width": target.shape[2],
        "out_channels": target.shape[3],
        "height": size[0],
        "width": size[1],
        "stride_y": strides[0],
        "stride_x": strides[1],
        "dilation_y": dilations[0],
        "dilation_x": dilations[1],
        "pad_top": pads[0],
        "pad_left": pads[1],
    }
    if max(fields.values()) > LENGTH_MAX:
        raise Unsupported(f"a length above {LENGTH_MAX}")
    return fields


def clamp(operator: Operator, target: Tensor) -> tuple[int, int]:
    """Return the least and largest stored value that the fused activation lets pass.

    Raises:
        Unsupported: the activation is no clamp.
    """
    number = operator.options.get("fusedActivationFunction", 0)
    bounds = {0: (None, None), 1: (0, None), 2: (-1, 1), 3: (0, 6)}.get(number)
    if bounds is None:
        raise Unsupported(f"the fused activation {number}")
    return limits(target, *bounds)


def limits(target: Tensor, low: float | None, high: float | None) -> tuple[int, int]:
    """Return real bounds as stored values, within int8's own."""

    def quantised(value: float) -> int:
        scaled = value / float(target.scale)
        return target.zero_point + int(scaled + (0.5 if scaled >= 0 else -0.5))

    return (
        -128 if low is None else max(-128, quantised(low)),
        127 if high is None else min(127, quantised(high)),
    )
