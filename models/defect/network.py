"""The network: a small convolutional net that every tier's runtime can execute.

Its only operators are convolutions (plain, depthwise), additions, an average pool, a
dense layer and a softmax, so that one graph serves a microcontroller and a GPU.
This module needs torch.
"""

from __future__ import annotations

from torch import nn

from ..layers import Residual
from .space import DefectShape

REFERENCE = DefectShape()


def network(
    classes: int, shape: DefectShape = REFERENCE, *, width: float = 1.0
) -> nn.Module:
    """Return the untrained net for 64x64 monochrome images; it yields logits.

    ``width`` scales all channels, each to a multiple of 8.
    """
    shape = shape.widened(width)
    kernel = shape.kernel
    return nn.Sequential(
        *_convolution(1, shape.stem, kernel=3, stride=2),
        *_separable(shape.stem, shape.second, kernel=kernel),
        *_separable(shape.second, shape.third, kernel=kernel, stride=2),
        *_blocks(shape.third, shape.third_blocks, kernel),
        *_separable(shape.third, shape.fourth, kernel=kernel, stride=2),
        *_blocks(shape.fourth, shape.fourth_blocks, kernel),
        nn.AvgPool2d(8),
        nn.Flatten(),
        nn.Linear(shape.fourth, classes),
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
    """Return a convolution that keeps the size (or halves it) and its ReLU."""
    # Stride 2 pads more below and to the right, as TensorFlow's SAME does; symmetric
    # padding would put a PAD operator into the .tflite file.
    halve = stride == 2
    before, after = (kernel - 2) // 2, (kernel - 1) // 2
    convolution = nn.Conv2d(
        inputs,
        outputs,
        kernel,
        stride=stride,
        padding=0 if halve else kernel // 2,
        groups=groups,
        bias=False,
    )
    pad = [nn.ZeroPad2d((before, after, before, after))] if halve else []
    return [*pad, convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def _separable(
    inputs: int, outputs: int, *, kernel: int, stride: int = 1
) -> list[nn.Module]:
    """Return a depthwise convolution followed by a pointwise one."""
    return [
        *_convolution(inputs, inputs, kernel=kernel, stride=stride, groups=inputs),
        *_convolution(inputs, outputs, kernel=1),
    ]
