"""A module of one's own: its variants, and what is refused before training."""

import dataclasses
import json

import numpy as np
import pytest
from support.toy_learner import CLASSES, SIDE, Stripes, need_torch

from tierbench.harness.commands.built import Lines, built_row, make_folder
from tierbench.harness.errors import ChainError, Mistakes, NotFound, NotInstalled
from tierbench.models import own, trained
from tierbench.models.own import own_model
from tierbench.models.prediction import probabilities

STRIPES = Stripes()


def data():
    return {
        split: (STRIPES.as_input(STRIPES.samples(split)), STRIPES.labels(split))
        for split in ("training", "calibration", "evaluation")
    }


def sequential():
    """Return a module whose normalisations must be folded, random but always alike."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8 * SIDE * SIDE // 4, len(CLASSES))),
    )
    net[1].running_mean.normal_()
    net[1].running_var.uniform_(0.5, 2.0)
    return net


def branched():
    """Return a module that is no sequence."""
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(1)
            self.one, self.norm = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8)
            self.two = nn.Conv2d(8, 8, 3, padding=1)
            self.last = nn.Linear(8, len(CLASSES))

        def forward(self, x):
            x = torch.relu(self.norm(self.one(x)))
            x = torch.relu(x + self.two(x))
            return self.last(x.mean((2, 3)))

    return Net()


def model(network=sequential, **changed):
    settings = {"epochs": 1, "batch": 64, "channel_last": True, **changed}
    return own_model(
        name="stripes", network=network, classes=CLASSES, **{"data": data, **settings}
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    need_torch()
    return tmp_path_factory.mktemp("own")


@pytest.mark.parametrize("network", [sequential, branched])
def test_the_exported_file_does_what_the_module_does(cache, network) -> None:
    import torch

    inputs = data()["evaluation"][0][:50]
    with torch.no_grad():
        logits = network().eval()(torch.from_numpy(inputs.transpose(0, 3, 1, 2).copy()))
    expected = torch.softmax(logits, 1).numpy()
    for format in ("onnx", "tflite"):
        built = model(network).build("fp32", format, cache)
        np.testing.assert_allclose(
            probabilities(built.path, inputs), expected, atol=1e-5
        )


def test_a_chain_is_built_once_and_leads_back_to_the_module(cache, monkeypatch) -> None:
    chain = "finetune > qat(int4)"
    built = model().build(chain, "tflite", cache)
    steps = [step["step"] for step in built.lineage]
    assert steps == ["own module", "technique", "technique", "export", "recipe"]
    origin, first = built.lineage[:2]
    assert origin["weights_sha256"] == first["parent_sha256"]
    assert origin["data"]["evaluation"] == {
        "samples": STRIPES.n,
        "sha256": STRIPES.sha256("evaluation"),
    }
    assert (first["settings"]["epochs"], first["settings"]["batch"]) == (1, 64)
    assert not list(cache.glob("*.npy"))  # nobody's data are kept
    json.dumps(built.lineage)
    monkeypatch.setattr(trained, "run", lambda *_, **__: pytest.fail("made again"))
    assert model().build(chain, "tflite", cache) == built


def test_a_trained_variant_is_built_again_from_its_lineage(
    cache, tmp_path, monkeypatch
) -> None:
    from tierbench.harness import registry
    from tierbench.harness.lineage import read_lineage
    from tierbench.harness.rebuilding import rebuild

    make_folder(tmp_path)
    built = model(epochs=2, learning_rate_max=2e-3).build(
        "finetune(seed=5)", "onnx", cache
    )
    row = built_row("stripes", built, tmp_path)
    # Somebody has changed the model's settings since: the recorded ones are used.
    monkeypatch.setattr(registry, "names", lambda group: ["stripes"])
    found = registry.find
    monkeypatch.setattr(
        registry,
        "find",
        lambda group, name: (
            model(epochs=1) if group == registry.MODELS else found(group, name)
        ),
    )
    monkeypatch.setattr("tierbench.models.techniques.found.names", lambda: ["finetune"])
    recorded = read_lineage(tmp_path / "stripes-finetune-seed=5.onnx.json")
    assert recorded.settings[0]["epochs"] == 2
    again = rebuild(recorded, tmp_path / "none", tmp_path / "empty", Lines())
    assert (again.first_difference, again.changed) == (None, ())
    assert again.sha256 == row["sha256"]


def test_a_loss_and_an_augmentation_of_ones_own_are_used(cache) -> None:
    from tierbench.models.training import fit

    seen = []

    def backwards(logits, labels, inputs):
        from torch.nn.functional import cross_entropy

        seen.append(tuple(inputs.shape))
        assert float(inputs.max()) == 0.0
        return -cross_entropy(logits, labels)

    def darken(inputs, rng):
        return inputs * 0

    learner = model(loss=backwards, augment=darken)._learner
    assert learner.tuning["loss"].endswith("backwards")
    assert learner.tuning["augmentation"].endswith("darken")
    fit(learner, learner.tuning, sequential())
    assert seen == [(64, 1, SIDE, SIDE)] * 4


def test_a_training_that_diverges_is_told(cache) -> None:
    def nothing(logits, labels, inputs):
        return logits.sum() * float("nan")

    with pytest.raises(Exception, match="training ended with NaN or infinity"):
        model(loss=nothing).build("finetune", "onnx", cache)


def changed_net(change):
    def network():
        net = sequential()
        return change(net) or net

    return network


def no_module(net):
    return "net"


def nan_weight(net):
    net[0].weight.data[0, 0, 0, 0] = float("nan")


def doubles(net):
    net.double()


def wrong_outputs(net):
    from torch import nn

    net[5] = nn.Linear(8 * SIDE * SIDE // 4, 7)


def wrong_inputs(net):
    from torch import nn

    net[0] = nn.Conv2d(3, 8, 3, padding=1)


def nan_activation(net):
    import torch

    net[2].forward = lambda x: torch.log(x - 1e9)


def lone_normalisation(net):
    from torch import nn

    return nn.Sequential(nn.BatchNorm2d(1), *net)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (no_module, "'network' gave 'str'; give a torch.nn.Module"),
        (nan_weight, "parameter '0.weight' holds NaN or infinity"),
        (doubles, r"parameter '0.weight' is torch.float64 .*net.float\(\)"),
        (wrong_outputs, r"it gives \(256, 7\); give logits of the shape \(256, 4\)"),
        (wrong_inputs, r"cannot take inputs of the shape \(256, 1, 8, 8\)"),
        (nan_activation, "activations of '2' hold NaN or infinity"),
        (lone_normalisation, "batch normalisation '0' stands behind no"),
    ],
)
def test_a_network_that_cannot_be_used_is_refused(cache, change, told) -> None:
    before = set(cache.iterdir())
    with pytest.raises(Mistakes, match=told):
        model(changed_net(change)).build("qat(int8)", "onnx", cache)
    assert set(cache.iterdir()) == before


def test_a_network_that_cannot_be_followed_is_refused(cache) -> None:
    from torch import nn

    class Conditional(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = sequential()

        def forward(self, x):
            return self.inner(x) if x.sum() > 0 else self.inner(-x)

    with pytest.raises(Mistakes, match="cannot follow the network"):
        model(Conditional).build("fp32", "onnx", cache)


def test_what_cannot_be_exported_is_refused_before_training(cache, monkeypatch) -> None:
    from torch import nn

    class Sorting(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(SIDE * SIDE, len(CLASSES))

        def forward(self, x):
            import torch

            return self.last(torch.linalg.qr(x[:, 0])[0].flatten(1))

    monkeypatch.setattr(
        trained.Trainer, "_step", lambda *_: pytest.fail("it was trained")
    )
    with pytest.raises(Exception, match=r"stripes-fp32-.*\.onnx"):
        model(Sorting).build("finetune", "onnx", cache)


def test_data_are_checked_before_torch_is_needed() -> None:
    bad = data()
    bad["training"] = (bad["training"][0], bad["training"][1] + 1)
    made = model(network=None, data=lambda: bad)
    with pytest.raises(Mistakes, match="model 'stripes': training labels hold 4"):
        made.check("finetune")


def test_another_width_must_be_possible() -> None:
    technique = dataclasses.replace(own.technique_of(STEP), is_anew=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own, "technique_of", lambda step: technique)
        with pytest.raises(ChainError, match="give 'narrower' to own_model"):
            model().check("finetune")
        model(narrower=lambda width: None).check("finetune")


STEP = own.find_route("finetune", "x").techniques[0]


def test_without_torch_the_extra_is_named(tmp_path, monkeypatch) -> None:
    def absent(_):
        raise trained.PackageNotFoundError("torch")

    monkeypatch.setattr(trained, "version", absent)
    with pytest.raises(NotInstalled, match=r"tierbench\[host,train\]"):
        model().build("fp32", "onnx", tmp_path)


def test_arguments_are_checked_all_at_once() -> None:
    with pytest.raises(Mistakes) as exc:
        own_model(
            name="../x",
            network=sequential,
            data=data,
            classes=["a", "a"],
            epochs=0,
            learning_rate_max=float("nan"),
            weight_decay=-1,
            batch=True,
        )
    assert len(exc.value.lines) == 6


def test_names_are_checked_as_for_any_model() -> None:
    with pytest.raises(NotFound, match="'int9'"):
        model().check("int9")
