"""Quantisation-aware training: further, on the very grid of the recipe that follows.

Weights are rounded in the forward pass as the recipe's quantiser will round them, and
so are the inputs of all layers that have weights, within their extremes over the
calibration samples, measured anew before every epoch. What is rounded elsewhere (sums,
products of activations) is not simulated. The weights that training ends with are the
unrounded ones: the quantiser rounds them to the codes that were trained.

After B. Jacob et al., "Quantization and training of neural networks for efficient
integer-arithmetic-only inference" (CVPR 2018). This module needs torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

from .. import training
from ..learner import Learner
from .grid import GRIDS, LAYERS, Grid, round_activations, round_weights

_BATCH = 64


class _Rounded(nn.Module):  # type: ignore[misc, unused-ignore]
    """The parametrisation of a weight that is rounded."""

    def __init__(self, bits: int, *, per_channel: bool) -> None:
        super().__init__()
        self.bits, self.per_channel = bits, per_channel
        self.is_on = True

    def forward(self, weights: Any) -> Any:
        if not self.is_on:
            return weights
        return round_weights(weights, self.bits, per_channel=self.per_channel)


class _Ranges:
    """The extremes of what goes into each layer, measured or applied."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.measures = False
        self.found: dict[nn.Module, tuple[float, float]] = {}

    def on_input(self, layer: nn.Module, given: tuple[Any, ...]) -> Any:
        (values,) = given
        if not self.measures:
            return (round_activations(values, *self.found[layer], self.bits),)
        low, high = float(values.min()), float(values.max())
        if layer in self.found:
            low = min(low, self.found[layer][0])
            high = max(high, self.found[layer][1])
        self.found[layer] = low, high
        return None


def train(
    net: nn.Module, recipe: str, learner: Learner, settings: Mapping[str, Any]
) -> nn.Module:
    """Return the network after training on the grid of a recipe, in float weights."""
    grid = GRIDS[recipe]
    ranges = _Ranges(grid.activation_bits)
    calibration = learner.inputs(learner.data.samples("calibration"))

    def measure(net: nn.Module) -> None:
        ranges.found.clear()
        ranges.measures = True
        with torch.no_grad(), _in_float(net):
            for start in range(0, len(calibration), _BATCH):
                net(torch.from_numpy(calibration[start : start + _BATCH].copy()))
        ranges.measures = False

    with _rounding(net, grid, ranges):
        return training.fit(learner, settings, net, each_epoch=measure)


@contextmanager
def _rounding(net: nn.Module, grid: Grid, ranges: _Ranges) -> Iterator[None]:
    """Round weights and inputs of all layers meanwhile."""
    layers = [module for module in net.modules() if isinstance(module, LAYERS)]
    hooks = []
    for layer in layers:
        rounded = _Rounded(grid.bits(layer), per_channel=grid.per_channel)
        parametrize.register_parametrization(layer, "weight", rounded)
        hooks.append(layer.register_forward_pre_hook(ranges.on_input))
    try:
        yield
    finally:
        for layer, hook in zip(layers, hooks, strict=True):
            hook.remove()
            parametrize.remove_parametrizations(
                layer, "weight", leave_parametrized=False
            )


@contextmanager
def _in_float(net: nn.Module) -> Iterator[None]:
    """Leave weights unrounded meanwhile, as the quantiser sees them."""
    rounded = [module for module in net.modules() if isinstance(module, _Rounded)]
    for module in rounded:
        module.is_on = False
    try:
        yield
    finally:
        for module in rounded:
            module.is_on = True
