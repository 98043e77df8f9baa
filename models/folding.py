"""Fold batch normalisations into the layers before them, in any network.

This module needs torch.
"""

from __future__ import annotations

import copy
from collections import Counter

from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from ..harness.errors import ModelError

_NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def fold(net: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode without batch normalisations.

    Raises:
        ModelError: what the network does depends on its values, so that it cannot be
            followed; or a normalisation stands behind no layer that could take it in.
    """
    net = copy.deepcopy(net).eval()
    if not _left(net):
        return net
    try:
        traced = fx.symbolic_trace(net)
    except Exception as exc:  # whatever the network's own code raises when followed
        raise ModelError(
            "batch normalisations cannot be folded, for torch.fx cannot follow the "
            f"network: {' '.join(str(exc).split())}; write it without conditions on "
            "values, or without batch normalisation"
        ) from exc
    _fuse(traced)
    if left := _left(traced):
        raise ModelError(
            f"batch normalisation {left[0]!r} stands behind no convolution or dense "
            "layer alone, so it cannot be folded; move it there, or give the network "
            "without it"
        )
    return traced.eval()


def _fuse(traced: fx.GraphModule) -> None:
    """Put every normalisation that can be folded into the layer before it."""
    layers = dict(traced.named_modules())
    calls = Counter(node.target for node in traced.graph.nodes)
    for node in list(traced.graph.nodes):
        if node.op != "call_module" or not isinstance(
            layers[node.target], _NORMALISATIONS
        ):
            continue
        (before,) = node.args
        if before.op != "call_module" or len(before.users) > 1:
            continue
        layer, norm = layers[before.target], layers[node.target]
        is_alone = calls[before.target] == calls[node.target] == 1
        if not is_alone or norm.running_mean is None:
            continue
        if isinstance(layer, _CONVOLUTIONS):
            fused = fuse_conv_bn_eval(layer, norm)
        elif isinstance(layer, nn.Linear):
            fused = fuse_linear_bn_eval(layer, norm)
        else:
            continue
        traced.set_submodule(before.target, fused)
        node.replace_all_uses_with(before)
        traced.graph.erase_node(node)
        traced.delete_submodule(node.target)
    traced.recompile()


def _left(net: nn.Module) -> list[str]:
    return [
        name
        for name, layer in net.named_modules()
        if isinstance(layer, _NORMALISATIONS)
    ]
