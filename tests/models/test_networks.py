"""Networks of every shape, by torch alone."""

from importlib import import_module
from importlib.util import find_spec

import pytest
from support.components import missing

from tierbench.models.search.subject import QUICK, find_subject


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


def test_every_choice_makes_a_network(network, reference):
    subject = find_subject(reference.name)
    classes = len(reference.data.classes)
    for end in (0, -1):
        shape = subject.shape(**{k: v[end] for k, v in subject.choices.items()})
        assert logits(network(classes, shape), reference).shape == (2, classes)


def test_quick_export_writes_what_ships(network, reference, tmp_path):
    """The same operators, and so a latency that holds for the file that will ship."""
    if reference.name not in QUICK:
        return  # written by the exporter that wrote the file
    from tierbench.harness.formats import inspect_model

    subject = find_subject(reference.name)
    net = fused(network(len(reference.data.classes)), reference)
    for weights in net.parameters():  # equal ones would be written but once
        weights.data.normal_()
    path = tmp_path / "quick.onnx"
    subject.export(net, "onnx", path)
    operators = dict(inspect_model(path, tmp_path).operators)
    operators["Reshape"] = operators.pop("Flatten")  # another name for the same
    assert operators == inspect_model(reference.file("onnx"), tmp_path).operators
