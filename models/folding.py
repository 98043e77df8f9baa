"""Fold batch normalisations into the layers before them, in any network.

This module needs torch.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.fx.experimental.optimization import fuse

from ..harness.errors import ModelError

_NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def fold(net: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode without batch normalisations.

    Raises:
        ModelError: what the network does depends on its values, so that it cannot be
            followed; or a normalisation stands behind no layer that could take it in.
    """
    net = net.eval()
    if not _left(net):
        return _copy(net)
    try:
        folded = fuse(net)
    except Exception as exc:  # whatever the network's own code raises when followed
        raise ModelError(
            f"batch normalisations cannot be folded, for torch.fx cannot follow the "
            f"network: {' '.join(str(exc).split())}; write it without conditions on "
            "values, or without batch normalisation"
        ) from exc
    if left := _left(folded):
        raise ModelError(
            f"batch normalisation {left[0]!r} stands behind no convolution or dense "
            "layer alone, so it cannot be folded; move it there, or give the network "
            "without it"
        )
    return folded.eval()  # type: ignore[no-any-return, unused-ignore]


def _left(net: nn.Module) -> list[str]:
    return [
        name
        for name, layer in net.named_modules()
        if isinstance(layer, _NORMALISATIONS)
    ]


def _copy(net: nn.Module) -> nn.Module:
    import copy

    with torch.no_grad():
        return copy.deepcopy(net)
