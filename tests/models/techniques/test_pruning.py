"""Structured pruning of the toy network, and of the transformer that ships."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from support.toy_learner import LEARNER, Stripes

from tierbench.harness.chain import parse_chain
from tierbench.harness.errors import ModelError
from tierbench.models import child, weights
from tierbench.models.prediction import probabilities
from tierbench.models.techniques import PRUNE

SETTINGS = {**LEARNER.tuning, "epochs": 1}


class Patches:
    """Noise in the shape of the keyword model's inputs."""

    classes = tuple("abcdefghij")

    def samples(self, split):
        rng = np.random.Generator(np.random.PCG64(len(split)))
        return rng.random((64, 49, 40), np.float32)

    def labels(self, split):
        return np.arange(64, dtype=np.int64) % 10

    def as_input(self, samples):
        return samples


@pytest.fixture
def keyword():
    """Return a transformer's learner with few samples, and its network."""
    import torch

    from tierbench.models.keyword.train import LEARNER

    torch.manual_seed(5)
    learner = replace(LEARNER, data=Patches())
    return learner, learner.folded()


def multiply_accumulates(net, learner=LEARNER):
    from tierbench.models.techniques import pruning

    return pruning.multiply_accumulates(net, pruning.example(learner))


def widths(net):
    from torch import nn

    return [m.out_channels for m in net.modules() if isinstance(m, nn.Conv2d)]


def heads(net):
    from tierbench.models.keyword.network import Attention

    return [
        {m.out_features / a.size for m in (a.query, a.key, a.value)}
        | {a.output.in_features / a.size}
        for a in net.modules()
        if isinstance(a, Attention)
    ]


def logits(net, learner=LEARNER):
    import torch

    inputs = learner.inputs(learner.data.samples("evaluation"))
    with torch.no_grad():
        return net(torch.from_numpy(np.ascontiguousarray(inputs))).numpy()


def pruned(net, share, learner=LEARNER):
    from tierbench.models.techniques import pruning

    return pruning.remove_share(net, share, learner, seed=1)


def test_multiply_accumulates_are_counted(net):
    """By hand: the stem, the two separable pairs at 8 x 8, the dense layer."""
    pairs = 16 * 9 + 16 * 32 + 32 * 9 + 32 * 32
    assert multiply_accumulates(net) == 64 * (16 * 9 + pairs) + 32 * 4


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_at_least_the_share_goes_by_eight_channels(net, share):
    before = multiply_accumulates(net)
    after = pruned(net, share)
    assert multiply_accumulates(after) <= (1 - share) * before
    assert all(width % 8 == 0 and width > 0 for width in widths(after))
    assert multiply_accumulates(net) == before


def test_what_has_eight_channels_keeps_them(net):
    with pytest.raises(ModelError, match=r"at most 83 % can be removed; give a small"):
        pruned(net, 0.95)


def test_channels_that_do_nothing_go_first(net):
    """Eight channels of the widest part are cut off from what reads them."""
    import torch

    idle = [1, 4, 9, 12, 20, 23, 30, 31]
    with torch.no_grad():
        net[9].weight[:, idle] = 0
        net[6].block[2].weight[:, idle] = 0
    before = logits(net)
    after = pruned(net, 0.05)
    assert multiply_accumulates(after) < multiply_accumulates(net)
    np.testing.assert_allclose(logits(after), before, atol=1e-4)


def test_a_pruned_network_is_kept_and_read_again(net, tmp_path):
    after = pruned(net, 0.5)
    weights.save(weights.of_network(after), tmp_path / "pruned.npz")
    read = weights.load(LEARNER.folded(), weights.read(tmp_path / "pruned.npz"))
    assert np.array_equal(logits(read), logits(after))


def test_a_pruned_network_learns_as_fast_as_a_new_one():
    (step,) = parse_chain("prune(0.5, epochs=4)")
    found = PRUNE.settings(step, LEARNER)
    rate = {"learning_rate_max": LEARNER.settings["learning_rate_max"]}
    assert found == {**LEARNER.tuning, **rate, "epochs": 4}


def test_two_prunings_are_equal_to_the_last_bit(source):
    def made(value):
        net = weights.load(LEARNER.folded(), weights.of_onnx(source))

        return weights.of_network(PRUNE.apply(net, value, LEARNER, SETTINGS))

    first, second = made(0.5), made(0.5)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_both_formats_hold_the_pruned_network(trainer, tmp_path):
    chain = parse_chain("prune(0.5, epochs=1)")
    inputs = Stripes().as_input(Stripes().samples("evaluation"))
    onnx, tflite = (
        probabilities(trainer.export(chain, format, tmp_path).path, inputs)
        for format in ("onnx", "tflite")
    )
    np.testing.assert_allclose(onnx, tflite, atol=1e-4)
    right = onnx.argmax(axis=1) == Stripes().labels("evaluation")
    assert right.mean() > 0.8


def test_whole_heads_go(keyword):
    from tierbench.models.techniques import pruning

    learner, net = keyword
    after = pruning.remove_heads(net, 0.4, learner, seed=1)
    left = heads(after)
    assert all(len(found) == 1 for found in left)
    assert sum(found.pop() for found in left) == 12 - 5
    assert heads(net) == [{4.0}] * 3


def test_heads_that_do_nothing_go_first(keyword):
    import torch

    from tierbench.models.techniques import pruning

    learner, net = keyword
    attentions = [m for m in net.modules() if type(m).__name__ == "Attention"]
    with torch.no_grad():
        for attention, head in zip(attentions, (0, 2, 3), strict=True):
            attention.output.weight[:, 16 * head : 16 * (head + 1)] = 0
    before = logits(net, learner)
    after = pruning.remove_heads(net, 0.25, learner, seed=1)
    assert heads(after) == [{3.0}] * 3
    np.testing.assert_allclose(logits(after, learner), before, atol=1e-5)


def test_every_attention_keeps_a_head(keyword):
    from tierbench.models.techniques import pruning

    learner, net = keyword
    with pytest.raises(
        ModelError, match="of the 12 heads of model 'keyword' at most 9"
    ):
        pruning.remove_heads(net, 0.9, learner, seed=1)
    assert heads(pruning.remove_heads(net, 0.75, learner, seed=1)) == [{1.0}] * 3


def test_a_transformer_loses_heads_and_hidden_units(keyword):
    from tierbench.models.techniques import pruning

    learner, net = keyword
    before = multiply_accumulates(net, learner)
    after = pruned(net, 0.15, learner)
    assert multiply_accumulates(after, learner) <= 0.85 * before
    parts = pruning.parts_of(after, learner, pruning.example(learner))
    assert all(part.channels % part.unit == 0 for part in parts)
    assert {part.unit for part in parts} == {8, 16}
    kept = weights.load(learner.folded(), weights.of_network(after))
    assert np.array_equal(logits(kept, learner), logits(after, learner))


def test_no_width_is_taken_for_the_batch(keyword, tmp_path):
    """104 hidden units are 8 times the 13 samples that it is usually traced with."""
    from tierbench.models.techniques import pruning

    learner, net = keyword
    sample = pruning.example(learner)
    parts = [p for p in pruning.parts_of(net, learner, sample) if not p.is_heads]
    net = pruning._without(net, parts[0], range(24), sample)
    paths = tmp_path / "a.onnx", tmp_path / "a.tflite"
    for path in paths:
        format = path.suffix.removeprefix(".")
        child.run(partial(learner.export, net, format, path), path.name)
    inputs = learner.data.samples("evaluation")
    onnx, tflite = (probabilities(path, inputs) for path in paths)
    np.testing.assert_allclose(onnx, tflite, atol=1e-4)
