"""Students of the toy network, with and without a teacher."""

import numpy as np
import pytest
from support.toy_learner import LEARNER, Stripes

from tierbench.harness.chain import parse_chain
from tierbench.harness.recipe import Calibration
from tierbench.models import weights
from tierbench.models.prediction import probabilities
from tierbench.models.recipes import RECIPES
from tierbench.models.techniques import DISTIL, STUDENT
from tierbench.models.techniques.distil import TEACHING

SETTINGS = {**LEARNER.settings, **TEACHING, "epochs": 2}


@pytest.fixture
def given():
    """Return logits, labels and inputs of a few samples."""
    import torch

    generator = torch.Generator().manual_seed(4)
    logits = torch.randn(8, 4, generator=generator)
    inputs = torch.from_numpy(LEARNER.inputs(Stripes().samples("training")[:8]).copy())
    return logits, torch.arange(8) % 4, inputs


def test_without_the_teachers_share_it_is_cross_entropy(net, given):
    from torch.nn.functional import cross_entropy

    from tierbench.models.techniques.distillation import taught

    logits, labels, inputs = given
    loss = taught(net, 0.0, 4.0)(logits, labels, inputs)
    assert loss == cross_entropy(logits, labels)


def test_a_models_own_loss_takes_the_place_of_cross_entropy(net, given):
    from tierbench.models.techniques.distillation import taught

    def own(logits, labels, inputs):
        return (logits.sum() + labels.sum() + inputs.sum()).detach()

    assert taught(net, 0.0, 4.0, own)(*given) == own(*given)


def test_loss_is_the_one_of_its_source(net, given):
    """Computed again in NumPy, by the formula."""
    from tierbench.models.techniques.distillation import taught

    logits, labels, inputs = given

    def softmax(values):
        grown = np.exp(values - values.max(axis=1, keepdims=True))
        return grown / grown.sum(axis=1, keepdims=True)

    answers = net(inputs).detach().numpy().astype(float)
    own = logits.numpy().astype(float)
    p, q = softmax(answers / 3), softmax(own / 3)
    divergence = (p * np.log(p / q)).sum(axis=1).mean()
    truth = -np.log(softmax(own)[np.arange(8), labels.numpy()]).mean()
    expected = 0.3 * truth + 0.7 * 9 * divergence
    loss = taught(net, 0.7, 3.0)(logits, labels, inputs)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_teacher_gets_no_gradient(net, given):
    from tierbench.models.techniques.distillation import taught

    logits, labels, inputs = given
    taught(net, 0.5, 4.0)(logits.requires_grad_(), labels, inputs).backward()
    assert logits.grad is not None
    assert all(parameter.grad is None for parameter in net.parameters())


def test_student_has_its_width_and_is_folded(net):
    from torch import nn

    made = DISTIL.apply(net, 0.5, LEARNER, SETTINGS)
    names = set(weights.of_network(made))
    assert names == set(weights.of_network(LEARNER.folded(0.5)))
    assert not any(isinstance(m, nn.BatchNorm2d) for m in made.modules())
    assert made[9].in_features == 16


def test_student_without_a_teacher_differs_in_that_alone(net):
    """With no share of the loss for the teacher, both are equal to the last bit."""
    untaught = {**SETTINGS, "teacher_share": 0.0}
    one = weights.of_network(DISTIL.apply(net, 0.5, LEARNER, untaught))
    other = weights.of_network(STUDENT.apply(net, 0.5, LEARNER, SETTINGS))
    taught = weights.of_network(DISTIL.apply(net, 0.5, LEARNER, SETTINGS))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert not all(np.array_equal(one[name], taught[name]) for name in one)


def test_both_have_equal_settings_and_what_is_taught_is_recorded():
    (step,) = parse_chain("distil(0.5, seed=9)")
    (control,) = parse_chain("student(0.5, seed=9)")
    found = DISTIL.settings(step, LEARNER)
    assert TEACHING.items() <= found.items()
    same = {k: v for k, v in found.items() if k not in TEACHING}
    assert same == STUDENT.settings(control, LEARNER)
    assert found["epochs"] == LEARNER.settings["epochs"]


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_a_chain_works_from_end_to_end(trainer, tmp_path, format):
    """Distilled, pruned, trained on the grid and quantised, and still right."""
    chain = parse_chain(
        "distil(0.5, epochs=3) > prune(0.25, epochs=1) > qat(int8, epochs=1)"
    )
    before = trainer.export(chain, format, tmp_path)
    samples = Stripes().as_input(Stripes().samples("calibration"))
    calibration = Calibration(sha256="ab", load=lambda: {"input": samples})
    built = RECIPES["int8"].build(before.path, format, calibration, tmp_path)
    inputs = Stripes().as_input(Stripes().samples("evaluation"))
    right = probabilities(built.path, inputs).argmax(axis=1) == Stripes().labels("")
    assert right.mean() > 0.7
    assert [step.get("technique") for step in before.lineage] == [
        None,
        "distil(0.5, epochs=3)",
        "prune(0.25, epochs=1)",
        "qat(int8, epochs=1)",
        None,
    ]
