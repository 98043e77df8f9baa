import numpy as np
import pytest
from support.toy_learner import need_torch

from tierbench.harness.errors import ModelError


@pytest.fixture(autouse=True)
def torch():
    need_torch()


def outputs(reference, net):
    import torch

    inputs = reference.learner.inputs(reference.data.samples("evaluation", 20))
    with torch.no_grad():
        return torch.softmax(net(torch.from_numpy(inputs.copy())), dim=1).numpy()


def test_a_file_gives_back_the_network_that_was_exported(reference):
    from tierbench.models import prediction, weights

    path = reference.file("onnx")
    net = weights.load(reference.learner.folded(), weights.of_onnx(path))
    inputs = reference.data.as_input(reference.data.samples("evaluation", 20))
    of_file = prediction.probabilities(path, inputs)
    np.testing.assert_allclose(outputs(reference, net), of_file, atol=1e-5)
    floats = sum(p.numel() for p in net.parameters())
    assert floats == reference.lineage["parameters"]


def test_weights_are_kept_to_the_last_bit_and_in_equal_bytes(defect, tmp_path):
    from tierbench.models import weights

    found = weights.of_onnx(defect.file("onnx"))
    weights.save(found, tmp_path / "a.npz")
    weights.save(dict(reversed(found.items())), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    read = weights.read(tmp_path / "a.npz")
    assert read.keys() == found.keys()
    assert all((read[name] == found[name]).all() for name in found)


def test_layers_take_on_the_shapes_of_fewer_weights(defect):
    """Keep 32 of the 64 channels between the third and the fourth stage."""
    from tierbench.models import weights

    found = dict(weights.of_onnx(defect.file("onnx")))
    for name, axis in (("10", 0), ("14", 0), ("16", 1)):
        found[f"{name}.weight"] = found[f"{name}.weight"].take(range(32), axis=axis)
    for name in ("10", "14"):
        found[f"{name}.bias"] = found[f"{name}.bias"][:32]
    block = "12.block"
    found[f"{block}.0.weight"] = found[f"{block}.0.weight"][:32]
    found[f"{block}.0.bias"] = found[f"{block}.0.bias"][:32]
    found[f"{block}.2.weight"] = found[f"{block}.2.weight"][:32, :32]
    found[f"{block}.2.bias"] = found[f"{block}.2.bias"][:32]
    net = weights.load(defect.learner.folded(), found)
    assert outputs(defect, net).shape == (20, 8)
    assert net[14].groups == net[14].in_channels == net[14].out_channels == 32


def test_weights_of_another_network_are_refused(shipped):
    from tierbench.models import weights

    found = weights.of_onnx(shipped("bearing").file("onnx"))
    with pytest.raises(ModelError, match=r"weights and network differ in '\d+\.\w+"):
        weights.load(shipped("defect").learner.folded(), found)


def test_a_file_that_tierbench_did_not_write_is_refused(tmp_path):
    from support.small_onnx import write_tokens

    from tierbench.models import weights

    with pytest.raises(ModelError, match="no weights under names that tierbench gives"):
        weights.of_onnx(write_tokens(tmp_path / "a.onnx"))
