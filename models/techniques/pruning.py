"""Removing channels, hidden units and heads from a network, the least important first.

A channel is worth the change of the loss that putting it to zero makes, to first order,
squared and averaged over batches of training samples: P. Molchanov et al., "Importance
estimation for neural network pruning" (CVPR 2019). What goes next is what loses least
for each multiply-accumulate that it saves. Which layers share a channel is read from
the network's graph by torch-pruning (G. Fang et al., "DepGraph", CVPR 2023). This
module needs torch.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch_pruning
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from ...harness.errors import ModelError
from ..learner import Learner

if TYPE_CHECKING:
    from ..learner import Loss

_CHANNELS = 8
"""Channels go, and stay, by so many: kernels work on eight at a time."""

_SAMPLES, _BATCH = 1024, 32
_LAYERS = (nn.Conv2d, nn.Linear)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Channels of a layer that go by ``unit`` at a time, with all that need them.

    ``behind`` holds, for every layer that reads the channels, which of its inputs are
    which of the channels.
    """

    layer: str
    channels: int
    unit: int
    is_heads: bool
    behind: tuple[tuple[str, Sequence[int], Sequence[int]], ...]


def remove_share(
    net: nn.Module, share: float, learner: Learner, seed: int
) -> nn.Module:
    """Return a network with at least a share of the multiply-accumulates removed.

    Raises:
        ModelError: so many cannot go.
    """
    sample = example(learner)
    before = multiply_accumulates(net, sample)
    allowed = before * (1 - share)
    least = multiply_accumulates(_least(net, learner, sample), sample)
    if least > allowed:
        most = math.floor(100 * (1 - least / before))
        raise ModelError(
            f"prune({share:g}): of the {before:,} multiply-accumulates of model "
            f"{learner.name!r} at most {most} % can be removed; give a smaller share"
        )
    batches = _batches(learner, seed)
    while (now := multiply_accumulates(net, sample)) > allowed:
        parts = parts_of(net, learner, sample)
        choices = _lighter(net, parts, learner, batches)
        prices = [
            (lost / (now - multiply_accumulates(lighter, sample)), lighter)
            for lost, lighter in choices
        ]
        net = min(prices, key=lambda choice: choice[0])[1]
    return net


def remove_heads(
    net: nn.Module, share: float, learner: Learner, seed: int
) -> nn.Module:
    """Return a network with at least a share of the attention heads removed.

    Raises:
        ModelError: so many cannot go, for every attention keeps one.
    """
    sample = example(learner)

    def attentions() -> list[Part]:
        return [part for part in parts_of(net, learner, sample) if part.is_heads]

    heads = [part.channels // part.unit for part in attentions()]
    number, most = math.ceil(share * sum(heads)), sum(heads) - len(heads)
    if number > most:
        raise ModelError(
            f"heads({share:g}): of the {sum(heads)} heads of model {learner.name!r} at "
            f"most {most} can be removed; give a smaller share"
        )
    batches = _batches(learner, seed)
    for _ in range(number):
        choices = _lighter(net, attentions(), learner, batches)
        net = min(choices, key=lambda choice: choice[0])[1]
    return net


def multiply_accumulates(net: nn.Module, sample: Any) -> int:
    """Return the products of a forward pass that are added up."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(sample)
    return int(counter.get_total_flops() // 2)


def example(learner: Learner) -> Any:
    """Return one sample of zeros as the network takes it."""
    shape = learner.sample_shape
    return torch.zeros(
        1, *((shape[-1], *shape[:-1]) if learner.channel_last else shape)
    )


def parts_of(net: nn.Module, learner: Learner, sample: Any) -> list[Part]:
    """Return all that can be removed from a network whose inputs and outputs stay."""
    graph = _graph(net, sample)
    groups = graph.get_all_groups(root_module_types=list(_LAYERS))
    sizes = learner.heads(net) if learner.heads else {}
    names = {module: name for name, module in net.named_modules()}
    found = (_part(graph, group, names, sizes) for group in groups)
    return [part for part in found if part is not None]


def _part(
    graph: Any,
    group: Any,
    names: Mapping[nn.Module, str],
    sizes: Mapping[nn.Module, int],
) -> Part | None:
    """Return what a group of layers shares; None where it has to stay."""
    layers = [item.dep.target.module for item in group]
    # A normalisation's size is kept nowhere but in the network's own code.
    if any(isinstance(layer, nn.LayerNorm | nn.Parameter) for layer in layers):
        return None
    behind = tuple(
        (names[layer], item.idxs, item.root_idxs)
        for layer, item in zip(layers, group, strict=True)
        if isinstance(layer, _LAYERS)
        and not _is_depthwise(layer)
        and graph.is_in_channel_pruning_fn(item.dep.handler)
    )
    # What no layer reads is the network's output.
    if not behind:
        return None
    size = next((sizes[layer] for layer in layers if layer in sizes), None)
    return Part(
        layer=names[layers[0]],
        channels=graph.get_out_channels(layers[0]),
        unit=size or _CHANNELS,
        is_heads=size is not None,
        behind=behind,
    )


def _lighter(
    net: nn.Module, parts: Sequence[Part], learner: Learner, batches: Sequence[Any]
) -> Iterator[tuple[float, nn.Module]]:
    """Yield what is lost with the least unit of each part, and the network without."""
    changes = _changes(net, parts, batches, learner.loss)
    for part, change in zip(parts, changes, strict=True):
        if part.channels > part.unit:
            lost, channels = _least_unit(part, change)
            yield lost, _without(net, part, channels, example(learner))


def _least_unit(part: Part, change: Any) -> tuple[float, Sequence[int]]:
    """Return what is lost with the unit that is worth least, and its channels."""
    if part.is_heads:
        # Changes of first order add up, and a head's channels lie side by side.
        worth = change.reshape(len(change), -1, part.unit).sum(2).square().mean(0)
        first = int(worth.argmin()) * part.unit
        return float(worth.min()), range(first, first + part.unit)
    worth, order = change.square().mean(0).sort(stable=True)
    # The first unit is smaller where the channels are no multiple of it.
    count = part.channels % part.unit or part.unit
    return float(worth[:count].sum()), sorted(order[:count].tolist())


def _changes(
    net: nn.Module, parts: Sequence[Part], batches: Sequence[Any], loss: Loss | None
) -> list[Any]:
    """Return how the loss changes without each channel, [batches, channels] a part."""
    # One thread: sums then have one order.
    torch.set_num_threads(1)
    net.eval()
    found = [torch.zeros(len(batches), part.channels) for part in parts]
    layers = dict(net.named_modules())
    for number, (inputs, labels) in enumerate(batches):
        net.zero_grad()
        logits = net(inputs)
        lost = loss(logits, labels, inputs) if loss else cross_entropy(logits, labels)
        lost.backward()
        for part, change in zip(parts, found, strict=True):
            for name, columns, channels in part.behind:
                weight = layers[name].weight
                product = (weight * weight.grad).detach().transpose(0, 1).flatten(1)
                change[number].index_add_(
                    0, torch.tensor(channels), product.sum(1)[list(columns)]
                )
    net.zero_grad()
    return found


def _without(
    net: nn.Module, part: Part, indices: Sequence[int], sample: Any
) -> nn.Module:
    """Return a copy of the network without some channels of a part."""
    lighter = deepcopy(net)
    graph = _graph(lighter, sample)
    layer = lighter.get_submodule(part.layer)
    remove = graph.get_pruner_of_module(layer).prune_out_channels
    graph.get_pruning_group(layer, remove, list(indices)).prune()
    return lighter


def _least(net: nn.Module, learner: Learner, sample: Any) -> nn.Module:
    """Return a copy of the network without all that can be removed."""
    for part in parts_of(net, learner, sample):
        if part.channels > part.unit:
            spare = range(part.channels - part.unit)
            net = _without(net, part, spare, sample)
    return net


def _graph(net: nn.Module, sample: Any) -> Any:
    with warnings.catch_warnings():
        # It says how it would remove channels of lone parameters, which stay here.
        warnings.simplefilter("ignore")
        graph = torch_pruning.DependencyGraph()
        return graph.build_dependency(net, example_inputs=sample)


def _is_depthwise(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Conv2d) and layer.groups > 1


def _batches(learner: Learner, seed: int) -> list[Any]:
    """Return some training samples and their labels, chosen by the seed."""
    data = learner.data
    samples, labels = data.samples("training"), data.labels("training")
    rng = np.random.Generator(np.random.PCG64(seed))
    chosen = rng.permutation(len(labels))[:_SAMPLES]
    return [
        (
            torch.from_numpy(np.ascontiguousarray(learner.inputs(samples[some]))),
            torch.from_numpy(labels[some]),
        )
        for some in np.split(chosen, range(_BATCH, len(chosen), _BATCH))
    ]
