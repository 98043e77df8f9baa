"""The network: a small convolutional net that every tier's runtime can execute.

Its only operators are convolutions (plain, depthwise), additions, an average pool, a
dense layer and a softmax, so that one graph serves a microcontroller and a GPU.
This module needs torch.
"""

from __future__ import annotations

from torch import nn

from ..layers import Residual


def network(classes: int) -> nn.Module:
    """Return the untrained net for 64x64 monochrome images; it yields logits."""
    return nn.Sequential(
        *_convolution(1, 16, stride=2),
        *_separable(16, 32),
        *_separable(32, 64, stride=2),
        Residual(nn.Sequential(*_separable(64, 64))),
        *_separable(64, 128, stride=2),
        Residual(nn.Sequential(*_separable(128, 128))),
        Residual(nn.Sequential(*_separable(128, 128))),
        nn.AvgPool2d(8),
        nn.Flatten(),
        nn.Linear(128, classes),
    )


def _convolution(
    inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """Return a convolution that keeps the size (or halves it) and its ReLU."""
    # Stride 2 pads below and to the right only, as TensorFlow's SAME does; symmetric
    # padding would put a PAD operator into the .tflite file.
    halve = stride == 2
    convolution = nn.Conv2d(
        inputs,
        outputs,
        kernel,
        stride=stride,
        padding=0 if halve else kernel // 2,
        groups=groups,
        bias=False,
    )
    pad = [nn.ZeroPad2d((0, 1, 0, 1))] if halve else []
    return [*pad, convolution, nn.BatchNorm2d(outputs), nn.ReLU()]


def _separable(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
    """Return a depthwise convolution followed by a pointwise one."""
    return [
        *_convolution(inputs, inputs, stride=stride, groups=inputs),
        *_convolution(inputs, outputs, kernel=1),
    ]
