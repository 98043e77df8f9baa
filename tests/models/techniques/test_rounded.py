import numpy as np
import pytest
from support.toy_learner import LEARNER, Stripes

from tierbench.models.recipes import RECIPES

SETTINGS = {**LEARNER.tuning, "epochs": 1}


def logits(net, split="evaluation"):
    import torch

    inputs = LEARNER.inputs(Stripes().samples(split))
    with torch.no_grad():
        return net(torch.from_numpy(inputs.copy())).numpy()


def test_what_is_trained_is_what_the_file_computes(net, trainer, tmp_path):
    """The network with rounded weights and inputs, against the runtime's integers."""
    import torch

    from tierbench.harness.recipe import Calibration
    from tierbench.models.prediction import probabilities
    from tierbench.models.techniques import rounded

    seen = {}

    def stop(learner, settings, net, *, each_epoch):
        each_epoch(net)
        net.eval()
        seen["logits"] = logits(net)
        return net

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounded.training, "fit", stop)
        result = rounded.train(net, "int4", LEARNER, SETTINGS)
    assert not any(torch.nn.utils.parametrize.is_parametrized(m) for m in net.modules())
    LEARNER.export(result, "onnx", tmp_path / "float.onnx")
    samples = Stripes().as_input(Stripes().samples("calibration"))
    calibration = Calibration(sha256="ab", load=lambda: {"input": samples})
    built = RECIPES["int4"].build(
        tmp_path / "float.onnx", "onnx", calibration, tmp_path
    )
    inputs = Stripes().as_input(Stripes().samples("evaluation"))
    of_file = probabilities(built.path, inputs)
    of_float = probabilities(tmp_path / "float.onnx", inputs)
    simulated = torch.softmax(torch.from_numpy(seen["logits"]), dim=1).numpy()
    apart = np.abs(simulated - of_file).mean()
    # Sums are rounded by the runtime only.
    assert apart < 0.25 * np.abs(of_float - of_file).mean()


def test_training_on_the_grid_makes_its_loss_smaller(net):
    import torch

    from tierbench.models.techniques import grid, rounded

    labels = torch.from_numpy(Stripes().labels("training"))

    def loss(trained):
        with torch.no_grad():
            for layer in trained.modules():
                if isinstance(layer, grid.LAYERS):
                    layer.weight.copy_(
                        grid.round_weights(layer.weight, 4, per_channel=True)
                    )
        found = torch.from_numpy(logits(trained, "training"))
        return float(torch.nn.functional.cross_entropy(found, labels))

    from copy import deepcopy

    before = loss(deepcopy(net))
    assert loss(rounded.train(net, "int4", LEARNER, LEARNER.tuning)) < before


def test_two_trainings_are_equal_to_the_last_bit(source):
    from tierbench.models import weights
    from tierbench.models.techniques import rounded

    def train():
        net = weights.load(LEARNER.folded(), weights.of_onnx(source))
        return weights.of_network(rounded.train(net, "int8", LEARNER, SETTINGS))

    first, second = train(), train()
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])
