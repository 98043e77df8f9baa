"""The network: a small transformer encoder over the frames of a log-mel patch.

Attention is written out as products, so that its heads stand in the graph of every
format: queries, keys and values are [n, heads, frames, width of a head]. This module
needs torch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..layers import Residual
from .features import BANDS, FRAMES
from .space import KeywordShape

REFERENCE = KeywordShape()


class Attention(nn.Module):  # type: ignore[misc, unused-ignore]
    """Let every frame gather from all others, by several heads side by side.

    Scaled dot products, after A. Vaswani et al., "Attention is all you need" (2017).
    """

    def __init__(self, width: int, heads: int) -> None:
        """Make the projections; each head has an equal share of the width."""
        super().__init__()
        self.size = width // heads
        self.query = nn.Linear(width, heads * self.size)
        self.key = nn.Linear(width, heads * self.size)
        self.value = nn.Linear(width, heads * self.size)
        self.output = nn.Linear(heads * self.size, width)

    def forward(self, x: Any) -> Any:
        """Return what was gathered, shaped like x: [n, frames, width]."""
        query, key = self._split(self.query(x)), self._split(self.key(x))
        match = torch.softmax(query @ key.transpose(2, 3) * self.size**-0.5, dim=3)
        gathered = match @ self._split(self.value(x))
        joined = gathered.permute(0, 2, 1, 3).reshape(x.shape[0], x.shape[1], -1)
        return self.output(joined)

    def _split(self, x: Any) -> Any:
        """Turn [n, frames, heads * size] into [n, heads, frames, size]."""
        # The weights tell how many heads are left.
        heads = self.query.out_features // self.size
        split = x.reshape(x.shape[0], x.shape[1], heads, self.size)
        return split.permute(0, 2, 1, 3)


class Standardise(nn.Module):  # type: ignore[misc, unused-ignore]
    """Do what a LayerNorm without weights does, in plain operators.

    TFLite has no operator for it, and the exporter's own replacement is longer.
    """

    def __init__(self, epsilon: float) -> None:
        """Keep what is added to the variance."""
        super().__init__()
        self.epsilon = epsilon

    def forward(self, x: Any) -> Any:
        """Return x with mean 0 and variance 1 along its last axis."""
        centred = x - x.mean(dim=2, keepdim=True)
        variance = (centred * centred).mean(dim=2, keepdim=True)
        return centred * torch.rsqrt(variance + self.epsilon)


class Encoder(nn.Module):  # type: ignore[misc, unused-ignore]
    """Embed every frame, let the blocks mix them, and judge their mean."""

    def __init__(self, classes: int, shape: KeywordShape) -> None:
        """Make the untrained network."""
        super().__init__()
        self.embedding = nn.Linear(BANDS, shape.width)
        self.position = nn.Parameter(0.02 * torch.randn(1, FRAMES, shape.width))
        self.blocks = nn.Sequential(
            *(layer for _ in range(shape.blocks) for layer in _block(shape))
        )
        self.norm = _norm(shape.width)
        self.classifier = nn.Linear(shape.width, classes)

    def forward(self, x: Any) -> Any:
        """Return logits, [n, classes], of patches shaped [n, FRAMES, BANDS]."""
        mixed = self.blocks(self.embedding(x) + self.position)
        return self.classifier(self.norm(mixed).mean(dim=1))


def network(
    classes: int, shape: KeywordShape = REFERENCE, *, width: float = 1.0
) -> nn.Module:
    """Return the untrained network, which yields logits.

    ``width`` scales all vectors, each to a multiple of 8, and the number of heads.
    """
    return Encoder(classes, shape.widened(width))


def spell_out(net: nn.Module) -> nn.Module:
    """Return a copy whose LayerNorms are written in plain operators, for TFLite."""
    from copy import deepcopy

    copied = deepcopy(net)
    for module in list(copied.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.LayerNorm):
                setattr(module, name, Standardise(child.eps))
    return copied


def _block(shape: KeywordShape) -> tuple[nn.Module, nn.Module]:
    """Return attention and a two-layer network, each behind its LayerNorm."""
    width, hidden = shape.width, shape.hidden
    dense = (nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))
    return (
        Residual(nn.Sequential(_norm(width), Attention(width, shape.heads))),
        Residual(nn.Sequential(_norm(width), *dense)),
    )


def _norm(width: int) -> nn.LayerNorm:
    """Return a LayerNorm without weights: the linear layer behind it has enough."""
    return nn.LayerNorm(width, elementwise_affine=False)
