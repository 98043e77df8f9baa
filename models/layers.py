"""What the reference models' networks share. This module needs torch."""

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
    """Put a softmax behind a network; ``channel_last`` takes [n, h, w, c]."""

    def __init__(self, network: nn.Module, *, channel_last: bool) -> None:
        """Keep the network, which takes [n, c, h, w] and returns logits."""
        super().__init__()
        self.network = network
        self.channel_last = channel_last

    def forward(self, x: Any) -> Any:
        """Return one row of class probabilities for each sample."""
        if self.channel_last:
            x = x.permute(0, 3, 1, 2)
        return torch.softmax(self.network(x), dim=1)


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
