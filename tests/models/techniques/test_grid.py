"""The grids of training are those of the files that the recipes write."""

import numpy as np
import onnx
import pytest
from support.small_onnx import quantised_weights

from tierbench.models.techniques.qat import RECIPES


@pytest.mark.parametrize("recipe", RECIPES)
def test_codes_and_scales_of_an_onnx_file_are_those_of_training(shipped, recipe):
    """Bit for bit, for every weight of every reference model."""
    for name in ("bearing", "defect"):
        model = shipped(name)
        _same_codes(model, recipe)


def _same_codes(model, recipe):
    from tierbench.models import weights
    from tierbench.models.techniques import grid

    net = weights.load(model.learner.folded(), weights.of_onnx(model.file("onnx")))
    layers = [m for m in net.modules() if isinstance(m, grid.LAYERS)]
    rounding = grid.GRIDS[recipe]
    made = quantised_weights(onnx.load(model.built(recipe, "onnx").path))
    for layer, (_, values, scale, _) in zip(layers, made, strict=True):
        codes, step = grid.weight_codes(
            layer.weight.detach(),
            rounding.bits(layer),
            per_channel=rounding.per_channel,
        )
        np.testing.assert_array_equal(values.astype(np.int8), codes.numpy())
        np.testing.assert_array_equal(np.ravel(scale), step.numpy().ravel())


def test_gradients_pass_as_if_nothing_were_rounded():
    import torch

    from tierbench.models.techniques import grid

    weights = torch.tensor([[0.3, -0.7], [0.2, 0.1]], requires_grad=True)
    rounded = grid.round_weights(weights, 4, per_channel=True)
    assert float(rounded.detach()[0, 1]) == pytest.approx(-0.7)
    assert float(rounded.detach()[0, 0]) == pytest.approx(0.3)
    rounded.sum().backward()
    assert weights.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_activations_have_256_levels_with_zero_among_them():
    import torch

    from tierbench.models.techniques import grid

    values = torch.linspace(-2, 4, 5001, requires_grad=True)
    rounded = grid.round_activations(values, -1.0, 3.0, 8)
    levels = np.unique(rounded.detach().numpy())
    assert len(levels) == 256
    assert 0.0 in levels
    step = np.diff(levels)
    np.testing.assert_allclose(step, 4 / 255, rtol=1e-4)
    rounded.sum().backward()
    # Outside of the range nothing is to be learnt.
    assert values.grad[0] == values.grad[-1] == 0
    assert values.grad[2500] == 1


def test_sixteen_bits_are_symmetric():
    import torch

    from tierbench.models.techniques import grid

    values = torch.tensor([-1.0, 0.0, 0.5, 2.0])
    rounded = grid.round_activations(values, -1.0, 2.0, 16)
    np.testing.assert_allclose(rounded, values, atol=2 / 32_767)
    assert grid.round_activations(values, 0.0, 0.0, 16) is values


def test_codes_of_a_tflite_file_are_those_of_training(defect):
    """Its kernels are stored under other names, but in the same order."""
    from ai_edge_litert.tools import flatbuffer_utils

    from tierbench.models import weights
    from tierbench.models.techniques import grid

    net = weights.load(defect.learner.folded(), weights.of_onnx(defect.file("onnx")))
    layers = [m for m in net.modules() if isinstance(m, grid.LAYERS)]
    path = defect.built("int8", "tflite").path
    model = flatbuffer_utils.read_model(str(path))
    graph = model.subgraphs[0]
    kernels = [
        graph.tensors[operator.inputs[1]]
        for operator in graph.operators
        if len(operator.inputs) == 3
    ]
    for layer, tensor in zip(layers, kernels, strict=True):
        codes, step = grid.weight_codes(layer.weight.detach(), 8, per_channel=True)
        stored = np.frombuffer(bytes(model.buffers[tensor.buffer].data), np.int8)
        expected = codes.numpy()
        if expected.ndim == 4:
            # [out, h, w, in], but [1, h, w, out] where there is one channel to sum.
            lone = layer.weight.shape[1] == 1
            expected = expected.transpose((1, 2, 3, 0) if lone else (0, 2, 3, 1))
        np.testing.assert_array_equal(stored, expected.ravel())
        np.testing.assert_array_equal(tensor.quantization.scale, step.numpy().ravel())
