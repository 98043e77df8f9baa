"""The network: a small convolutional net that every tier's runtime can execute.

Its only operators are convolutions (plain, depthwise), additions, an average pool, a
dense layer and a softmax, so that one graph serves a microcontroller and a GPU.
This module needs torch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class Residual(nn.Module):  # type: ignore[misc, unused-ignore]
    """Add a block's input to its output."""

    def __init__(self, block: nn.Module) -> None:
        """Keep the block, whose output has its input's shape."""
        super().__init__()
        self.block = block

    def forward(self, x: Any) -> Any:
        """Return x + block(x)."""
        return x + self.block(x)


class Probabilities(nn.Module):  # type: ignore[misc, unused-ignore]
    """Put a softmax behind a network; ``channel_last`` takes [n, h, w, c] images."""

    def __init__(self, network: nn.Module, *, channel_last: bool) -> None:
        """Keep the network, which takes [n, c, h, w] and returns logits."""
        super().__init__()
        self.network = network
        self.channel_last = channel_last

    def forward(self, x: Any) -> Any:
        """Return one row of class probabilities for each image."""
        if self.channel_last:
            x = x.permute(0, 3, 1, 2)
        return torch.softmax(self.network(x), dim=1)


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


def fuse(net: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode, batch normalisation folded into its layers."""
    fused: list[nn.Module] = []
    for layer in net.eval():
        if isinstance(layer, nn.BatchNorm2d):
            fused.append(nn.utils.fuse_conv_bn_eval(fused.pop(), layer))
        elif isinstance(layer, Residual):
            fused.append(Residual(fuse(layer.block)))
        else:
            fused.append(layer)
    return nn.Sequential(*fused).eval()


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
