"""The network: convolutions along time, for a microcontroller's integer kernels.

The first layers rectify what rings (an envelope, roughly) and halve the rate again and
again; the last ones see the whole recording and so the impacts' rhythm. An image of
height 1 stands for time, since 2-D convolutions are what runtimes have kernels for.
This module needs torch.
"""

from __future__ import annotations

from torch import nn

from ..layers import Residual


def network(classes: int) -> nn.Module:
    """Return the untrained net for 1,024 points in time; it yields logits."""
    return nn.Sequential(
        *_convolution(1, 16, kernel=16, stride=2),
        *_separable(16, 24, stride=2),
        *_separable(24, 32, stride=2),
        *_separable(32, 64, stride=2),
        Residual(nn.Sequential(*_separable(64, 64))),
        Residual(nn.Sequential(*_separable(64, 64))),
        *_separable(64, 96, stride=2),
        Residual(nn.Sequential(*_separable(96, 96))),
        nn.AvgPool2d((1, 32)),
        nn.Flatten(),
        nn.Linear(96, classes),
    )


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


def _separable(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
    """Return a depthwise convolution followed by a pointwise one."""
    kernel = 8 if stride == 2 else 9
    return [
        *_convolution(inputs, inputs, kernel=kernel, stride=stride, groups=inputs),
        *_convolution(inputs, outputs, kernel=1),
    ]
