"""Convolutions and fully connected layers: weights as the kernels read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .call import Call, Field
from .fixed_point import factor
from .network import Operator, Tensor
from .shapes import LENGTH_MAX, Unsupported, activation, clamp, image, stored, window

ROW_ALIGNMENT = 4


def convolution(operator: Operator) -> list[Call]:
    """Lower CONV_2D: weights are [out, height, width, in]."""
    source, weights, bias = _parts(operator, image)
    target = image(operator.outputs[0])
    out, height, width, channels = _four(weights)
    if channels != source.shape[3]:
        raise Unsupported(f"{source.shape[3] // max(1, channels)} groups")
    return [
        _convolution(
            window(operator, source, target, (height, width)),
            weights.data.reshape(out, -1),
            bias,
            _per_channel(source, weights, target, out),
            operator,
            source,
            target,
        )
    ]


def depthwise(operator: Operator) -> list[Call]:
    """Lower DEPTHWISE_CONV_2D: weights are [1, height, width, out].

    Over one input channel it is a convolution, whose kernel is the faster one.
    """
    source, weights, bias = _parts(operator, image)
    target = image(operator.outputs[0])
    _, height, width, out = _four(weights)
    channels = source.shape[3]
    if out % channels or target.shape[3] != out:
        raise Unsupported(f"{out} outputs of {channels} channels")
    fields = window(operator, source, target, (height, width))
    factors = _per_channel(source, weights, target, out)
    if channels == 1:
        rows = weights.data.reshape(-1, out).T
        return [_convolution(fields, rows, bias, factors, operator, source, target)]
    return [
        Call(
            function="convolve_depthwise",
            kind="depthwise",
            fields={
                "window": fields,
                "weights": weights.data.reshape(-1),
                "multiplier": out // channels,
                "in_zero": source.zero_point,
                "out": _requantisation(bias, factors, operator, target),
            },
            inputs=[source],
            output=target,
        )
    ]


def fully_connected(operator: Operator) -> list[Call]:
    """Lower FULLY_CONNECTED: a convolution over a line of pixels, one a row."""
    source, weights, bias = _parts(operator, activation)
    target = activation(operator.outputs[0])
    if operator.options.get("weightsFormat", 0):
        raise Unsupported("shuffled weights")
    if len(weights.shape) != 2 or source.elements % weights.shape[1]:
        raise Unsupported(f"weights of {weights.shape} for {source.shape}")
    out, depth = weights.shape
    rows = source.elements // depth
    if target.elements != rows * out:
        raise Unsupported(f"an output of {target.shape} for {source.shape}")
    if max(rows, out, depth) > LENGTH_MAX:
        raise Unsupported(f"a length above {LENGTH_MAX}")
    if len(weights.scales) == 1:
        # The reference multiplies these two in single precision.
        both = float(source.scale * weights.scale)
        factors = [both / float(target.scale)] * out
    else:
        factors = _per_channel(source, weights, target, out)
    line = {
        "in_height": 1,
        "in_width": rows,
        "in_channels": depth,
        "out_height": 1,
        "out_width": rows,
        "out_channels": out,
        **dict.fromkeys(("height", "width", "stride_y", "stride_x"), 1),
        **dict.fromkeys(("dilation_y", "dilation_x"), 1),
        **dict.fromkeys(("pad_top", "pad_left"), 0),
    }
    return [_convolution(line, weights.data, bias, factors, operator, source, target)]


def _parts(operator: Operator, check: Any) -> tuple[Tensor, Any, NDArray[np.int64]]:
    """Return input, weights, and the bias with one value a channel."""
    source, weights = operator.inputs[0], stored(operator.inputs[1], "int8", "weights")
    if any(weights.zero_points):
        raise Unsupported("weights with a zero point")
    if 0 in weights.shape:
        raise Unsupported(f"weights of {weights.shape}")
    out = weights.shape[3] if "DEPTHWISE" in operator.name else weights.shape[0]
    absent = len(operator.inputs) < 3 or operator.inputs[2] is None
    if absent:
        bias = np.zeros(out, np.int64)
    else:
        kept = stored(operator.inputs[2], "int32", "a bias").data
        bias = np.asarray(kept).reshape(-1)
    if len(bias) != out:
        raise Unsupported(f"a bias of {len(bias)} for {out} channels")
    return check(source), weights, bias.astype(np.int64)


def _four(weights: Tensor) -> tuple[int, ...]:
    if len(weights.shape) != 4:
        raise Unsupported(f"weights of {weights.shape}")
    return weights.shape


def _per_channel(
    source: Tensor, weights: Tensor, target: Tensor, out: int
) -> list[float]:
    """Return each channel's real factor from its sum to the output's steps."""
    scales = weights.scales * out if len(weights.scales) == 1 else weights.scales
    if len(scales) != out:
        raise Unsupported(f"{len(scales)} scales for {out} channels")
    return [float(source.scale) * float(s) / float(target.scale) for s in scales]


def _convolution(
    fields: dict[str, Any],
    rows: NDArray[Any],
    bias: NDArray[np.int64],
    factors: Sequence[float],
    operator: Operator,
    source: Tensor,
    target: Tensor,
) -> Call:
    row = -(-rows.shape[1] // ROW_ALIGNMENT) * ROW_ALIGNMENT
    padded = np.zeros((len(rows), row), np.int8)
    padded[:, : rows.shape[1]] = rows
    # sum(w (x - zero)) = sum(w x) - zero sum(w)
    folded = bias - source.zero_point * rows.astype(np.int64).sum(axis=1)
    return Call(
        function="convolve",
        kind="convolution",
        fields={
            "window": fields,
            "weights": padded.reshape(-1),
            "row": row,
            "in_zero": source.zero_point,
            "out": _requantisation(folded, factors, operator, target),
        },
        inputs=[source],
        output=target,
        scratch_bytes=5 * row,
    )


def _requantisation(
    bias: NDArray[np.int64],
    factors: Sequence[float],
    operator: Operator,
    target: Tensor,
) -> dict[str, Field]:
    fixed = [factor(real) for real in factors]
    low, high = clamp(operator, target)
    return {
        "bias": bias.astype(np.int32),  # modulo 2^32, as the core adds
        "multiplier": np.array([f.multiplier for f in fixed], np.int32),
        "shift": np.array([f.shift for f in fixed], np.int8),
        "zero": target.zero_point,
        "min": low,
        "max": high,
    }
