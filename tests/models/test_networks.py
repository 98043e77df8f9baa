"""Networks of every shape, by torch alone."""

from importlib import import_module
from importlib.util import find_spec

import pytest
from support.components import missing


@pytest.fixture
def network(reference):
    """Return what makes a reference model's network."""
    if find_spec("torch") is None:
        missing("train", "torch is not installed")
    return import_module(f"tierbench.models.{reference.name}.network").network


def logits(net, reference):
    import torch

    inputs = torch.from_numpy(
        reference.data.as_input(reference.data.samples("evaluation", 2))
    )
    with torch.no_grad():
        return net.eval()(inputs if inputs.dim() == 3 else inputs.permute(0, 3, 1, 2))


def parameters(net):
    return sum(parameter.numel() for parameter in net.parameters())


def fused(net, reference):
    from tierbench.models.layers import fuse

    return net if reference.name == "keyword" else fuse(net)


def test_default_is_the_network_that_ships(network, reference):
    net = fused(network(len(reference.data.classes)), reference)
    assert parameters(net) == reference.lineage["parameters"]


@pytest.mark.parametrize("width", [0.25, 0.5, 0.75, 1.5])
def test_width_scales_it(network, reference, width):
    classes = len(reference.data.classes)
    net = network(classes, width=width)
    assert logits(net, reference).shape == (2, classes)
    assert (parameters(net) < parameters(network(classes))) is (width < 1)
