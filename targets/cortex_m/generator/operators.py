"""From operators to calls of the firmware's kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, prod

import numpy as np

from ....harness.errors import ModelError
from .call import Alias, Call
from .convolutions import convolution, depthwise, fully_connected
from .fixed_point import factor
from .network import Network, Operator, Tensor
from .shapes import Unsupported, activation, clamp, image, limits, stored, window

Step = Call | Alias

ADD_HEADROOM = 20
SOFTMAX_BITS = 5
"""Integer bits of a difference between two inputs of a softmax."""

MEAN_COUNT_MAX = 1 << 23
"""So many int8 values add up within 32 bits."""


def lower(network: Network) -> list[Step]:
    """Return the calls of a network, in order.

    Raises:
        ModelError: the kernels do not take it; all operators in question are named.
    """
    steps: list[Step] = []
    problems: dict[str, None] = {}
    for operator in network.operators:
        try:
            if operator.name not in _LOWERINGS:
                raise Unsupported("no kernel")
            if not operator.outputs or not operator.inputs:
                raise Unsupported("no inputs or outputs")
            steps += _LOWERINGS[operator.name](operator)
        except Unsupported as exc:
            problems[f"{operator.name} ({exc})"] = None
    if problems:
        raise ModelError(
            f"the firmware has no kernel for {', '.join(problems)}; it takes int8 "
            f"{', '.join(sorted(_LOWERINGS))}"
        )
    return steps


def _average_pool(operator: Operator) -> list[Step]:
    return [_pool(operator, "pool_average")]


def _max_pool(operator: Operator) -> list[Step]:
    return [_pool(operator, "pool_max")]


def _pool(operator: Operator, function: str) -> Call:
    source, target = image(operator.inputs[0]), image(operator.outputs[0])
    _check_same(source, target)
    size = (operator.options["filterHeight"], operator.options["filterWidth"])
    low, high = clamp(operator, target)
    return Call(
        function=function,
        kind="pool",
        fields={
            "window": window(operator, source, target, size),
            "min": low,
            "max": high,
        },
        inputs=[source],
        output=target,
    )


def _mean(operator: Operator) -> list[Step]:
    source, target = activation(operator.inputs[0]), activation(operator.outputs[0])
    rank = len(source.shape)
    given = stored(operator.inputs[1], "int32", "axes").data
    axes = (
        sorted({int(axis) % rank for axis in np.ravel(np.asarray(given))})
        if rank
        else []
    )
    if not axes or axes != list(range(axes[0], axes[-1] + 1)):
        raise Unsupported(f"the axes {axes}")
    count = prod(source.shape[axes[0] : axes[-1] + 1])
    if count > MEAN_COUNT_MAX or target.elements * count != source.elements:
        raise Unsupported(f"an output of {target.shape} for {source.shape}")
    fixed = factor(float(source.scale) / float(target.scale) / count)
    fields = {
        "outer": prod(source.shape[: axes[0]]),
        "count": count,
        "inner": prod(source.shape[axes[-1] + 1 :]),
        "multiplier": fixed.multiplier,
        "shift": fixed.shift,
        "in_zero": source.zero_point,
        "out_zero": target.zero_point,
    }
    return [_call("average", "mean", fields, [source], target)]


def _add(operator: Operator) -> list[Step]:
    a, b = activation(operator.inputs[0]), activation(operator.inputs[1])
    target = activation(operator.outputs[0])
    if not a.shape == b.shape == target.shape:
        raise Unsupported(f"the shapes {a.shape} and {b.shape}")
    twice = 2 * float(max(a.scale, b.scale))
    fixed_a, fixed_b = factor(float(a.scale) / twice), factor(float(b.scale) / twice)
    fixed = factor(twice / (2**ADD_HEADROOM * float(target.scale)))
    low, high = clamp(operator, target)
    fields = {
        "count": target.elements,
        "multiplier_a": fixed_a.multiplier,
        "multiplier_b": fixed_b.multiplier,
        "multiplier": fixed.multiplier,
        "shift_a": fixed_a.shift,
        "shift_b": fixed_b.shift,
        "shift": fixed.shift,
        "zero_a": a.zero_point,
        "zero_b": b.zero_point,
        "zero": target.zero_point,
        "min": low,
        "max": high,
    }
    return [_call("add", "addition", fields, [a, b], target)]


def _softmax(operator: Operator) -> list[Step]:
    source, target = activation(operator.inputs[0]), activation(operator.outputs[0])
    if float(target.scale) != 1 / 256 or target.zero_point != -128:
        raise Unsupported(f"an output of scale {target.scale}; 1/256 is valid")
    if source.shape != target.shape or not source.shape or source.shape[-1] > 4095:
        raise Unsupported(f"the shapes {source.shape} and {target.shape}")
    beta = float(operator.options.get("beta", 1.0))
    real = min(beta * float(source.scale) * 2.0 ** (31 - SOFTMAX_BITS), 2.0**31 - 1)
    if not real > 1:
        raise Unsupported(f"beta {beta} with a scale of {source.scale}")
    # A factor of up to 2^31: one bit more than others have.
    fixed = factor(real / 4)
    shift = fixed.shift + 2
    radius = floor((2**SOFTMAX_BITS - 1) * 2.0 ** (31 - SOFTMAX_BITS) / 2.0**shift)
    fields = {
        "rows": source.elements // source.shape[-1],
        "count": source.shape[-1],
        "multiplier": fixed.multiplier,
        "shift": shift,
        "difference_min": -radius,
    }
    return [_call("normalise", "softmax", fields, [source], target)]


def _reshape(operator: Operator) -> list[Step]:
    source, target = operator.inputs[0], operator.outputs[0]
    activation(source, target.dtype)
    if source is None or source.elements != target.elements:
        raise Unsupported(f"an output of {target.shape}")
    if source.data is not None:
        raise Unsupported("a stored input")
    return [Alias(input=source, output=target)]


def _concatenate(operator: Operator) -> list[Step]:
    target = activation(operator.outputs[0])
    axis = operator.options.get("axis", 0) % max(1, len(target.shape))
    out_row, offset, steps = prod(target.shape[axis:]), 0, list[Step]()
    for given in operator.inputs:
        source = activation(given)
        _check_same(source, target)
        others = source.shape[:axis] + source.shape[axis + 1 :]
        if others != target.shape[:axis] + target.shape[axis + 1 :]:
            raise Unsupported(f"the shapes {source.shape} and {target.shape}")
        row = prod(source.shape[axis:])
        fields = {
            "count": prod(target.shape[:axis]),
            "row": row,
            "out_row": out_row,
            "offset": offset,
        }
        steps.append(_call("place", "placement", fields, [source], target))
        offset += row
    if offset != out_row:
        raise Unsupported(f"an output of {target.shape}")
    return steps


def _pad(operator: Operator) -> list[Step]:
    source, target = image(operator.inputs[0]), image(operator.outputs[0])
    _check_same(source, target)
    amounts = stored(operator.inputs[1], "int32", "paddings").data
    if amounts is None or amounts.shape != (4, 2) or amounts[[0, 3]].any():
        raise Unsupported("paddings of more than height and width")
    (top, bottom), (left, right) = amounts[1].tolist(), amounts[2].tolist()
    height, width = source.shape[1:3]
    due = (1, top + height + bottom, left + width + right, source.shape[3])
    if min(top, bottom, left, right) < 0 or target.shape != due or max(due) > 0xFFFF:
        raise Unsupported(f"an output of {target.shape} for {source.shape}")
    fields = {
        "in_height": height,
        "in_width": width,
        "channels": source.shape[3],
        "top": top,
        "bottom": bottom,
        "left": left,
        "right": right,
        "value": target.zero_point,
    }
    return [_call("pad", "padding", fields, [source], target)]


def _relu(operator: Operator) -> list[Step]:
    source, target = activation(operator.inputs[0]), activation(operator.outputs[0])
    high = 6.0 if operator.name == "RELU6" else None
    if high is not None:  # the interpreter does not rescale here
        _check_same(source, target)
    return [_rescaled(source, target, limits(target, 0.0, high))]


def _quantise(operator: Operator) -> list[Step]:
    source, target = operator.inputs[0], activation(operator.outputs[0])
    if source is not None and source.dtype == "int8":
        return [_rescaled(activation(source), target, (-128, 127))]
    real = activation(source, "float32")
    _check_size(real, target)
    return [_call("quantise", "affine", _affine(target), [real], target)]


def _dequantise(operator: Operator) -> list[Step]:
    source = activation(operator.inputs[0])
    target = activation(operator.outputs[0], "float32")
    _check_size(source, target)
    return [_call("dequantise", "affine", _affine(source), [source], target)]


def _affine(tensor: Tensor) -> dict[str, int | float]:
    return {
        "count": tensor.elements,
        "scale": float(tensor.scale),
        "zero": tensor.zero_point,
    }


def _rescaled(source: Tensor, target: Tensor, bounds: tuple[int, int]) -> Call:
    _check_size(source, target)
    fixed = factor(float(source.scale) / float(target.scale))
    fields = {
        "count": source.elements,
        "multiplier": fixed.multiplier,
        "shift": fixed.shift,
        "in_zero": source.zero_point,
        "out_zero": target.zero_point,
        "min": bounds[0],
        "max": bounds[1],
    }
    return _call("rescale_all", "rescaling", fields, [source], target)


def _call(
    function: str,
    kind: str,
    fields: dict[str, int] | dict[str, int | float],
    inputs: Sequence[Tensor],
    output: Tensor,
) -> Call:
    return Call(
        function=function, kind=kind, fields=fields, inputs=inputs, output=output
    )


def _check_same(source: Tensor, target: Tensor) -> None:
    if source.scales != target.scales or source.zero_points != target.zero_points:
        raise Unsupported("an output of another scale than its input")


def _check_size(source: Tensor, target: Tensor) -> None:
    if source.elements != target.elements:
        raise Unsupported(f"an output of {target.shape} for {source.shape}")


_LOWERINGS: dict[str, Callable[[Operator], Sequence[Step]]] = {
    "ADD": _add,
    "AVERAGE_POOL_2D": _average_pool,
    "CONCATENATION": _concatenate,
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "DEQUANTIZE": _dequantise,
    "EXPAND_DIMS": _reshape,
    "FULLY_CONNECTED": fully_connected,
    "MAX_POOL_2D": _max_pool,
    "MEAN": _mean,
    "PAD": _pad,
    "QUANTIZE": _quantise,
    "RELU": _relu,
    "RELU6": _relu,
    "RESHAPE": _reshape,
    "SOFTMAX": _softmax,
    "SQUEEZE": _reshape,
}
