"""The network: convolutions along time, for a microcontroller's integer kernels.

The first layers rectify what rings (an envelope, roughly) and halve the rate again and
again; the last ones see the whole recording and so the impacts' rhythm. An image of
height 1 stands for time, since 2-D convolutions are what runtimes have kernels for.
This module needs torch.
"""

from __future__ import annotations

from torch import nn

from ..layers import Residual
from .space import BearingShape

REFERENCE = BearingShape()


def network(
    classes: int, shape: BearingShape = REFERENCE, *, width: float = 1.0
) -> nn.Module:
    """Return the untrained net for 1,024 points in time; it yields logits.

    ``width`` scales all channels, each to a multiple of 8.
    """
    shape = shape.widened(width)
    kernel = shape.kernel
    return nn.Sequential(
        *_convolution(1, shape.stem, kernel=16, stride=2),
        *_separable(shape.stem, shape.second, kernel=kernel - 1, stride=2),
        *_separable(shape.second, shape.third, kernel=kernel - 1, stride=2),
        *_separable(shape.third, shape.fourth, kernel=kernel - 1, stride=2),
        *_blocks(shape.fourth, shape.fourth_blocks, kernel),
        *_separable(shape.fourth, shape.fifth, kernel=kernel - 1, stride=2),
        *_blocks(shape.fifth, shape.fifth_blocks, kernel),
        nn.AvgPool2d((1, 32)),
        nn.Flatten(),
        nn.Linear(shape.fifth, classes),
    )


def _blocks(channels: int, count: int, kernel: int) -> list[nn.Module]:
    """Return layers that add to what they are given."""
    return [
        Residual(nn.Sequential(*_separable(channels, channels, kernel=kernel)))
        for _ in range(count)
    ]


def _convolution(
    inputs: int, outputs: int, *, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """Return a convolution that keeps the length (or halves it) and its ReLU."""
    # A kernel of even length halves with as much padding before as behind, and one of
    # odd length keeps: TensorFlow's SAME, without a PAD operator in the .tflite file.
    convolution = nn.Conv2d(
        inputs,
        outputs,
        (1, kernel),
        stride=(1, stride),
        padding=(0, (kernel - 1) // 2),
        groups=groups,
        bias=False,
    )
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def _separable(
    inputs: int, outputs: int, *, kernel: int, stride: int = 1
) -> list[nn.Module]:
    """Return a depthwise convolution followed by a pointwise one."""
    return [
        *_convolution(inputs, inputs, kernel=kernel, stride=stride, groups=inputs),
        *_convolution(inputs, outputs, kernel=1),
    ]
