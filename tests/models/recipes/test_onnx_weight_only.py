"""ONNX files whose weights alone are integers."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from support.small_onnx import IDS, X

from tierbench.models.recipes import RECIPES
from tierbench.models.recipes.onnx_weights import layers, scales

NAMES = ["int8-weights", "int4-weights"]


def restored(net):
    """Return what each marker gives back, by the name of the weights."""
    stored = {t.name: numpy_helper.to_array(t) for t in net.graph.initializer}
    found = {}
    for node in net.graph.node:
        if node.op_type == "DequantizeLinear":
            codes, scale = (stored[name] for name in node.input)
            (axis,) = (a.i for a in node.attribute)
            shape = [-1 if i == axis else 1 for i in range(codes.ndim)]
            found[node.output[0]] = (codes, scale.reshape(shape), axis)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_each_weight_is_off_by_half_a_step_at_most(built, name):
    source = onnx.load(built("fp32", "onnx").path)
    before = {t.name: numpy_helper.to_array(t) for t in source.graph.initializer}
    found = restored(onnx.load(built(name, "onnx").path))
    assert found.keys() == layers(source).keys()
    for weights, (codes, scale, axis) in found.items():
        off = np.abs(codes.astype(np.float32) * scale - before[weights])
        assert (off <= 0.5001 * scale).all()
        lone = codes.ndim == 4 and codes.shape[1] == 1
        bits = 8 if name == "int8-weights" or lone else 4
        assert codes.dtype.name == f"int{bits}"
        np.testing.assert_array_equal(
            scale.ravel(), scales(before[weights], axis, bits)
        )


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_markers_is_added_and_all_are_of_the_standard(built, name):
    net = onnx.load(built(name, "onnx").path)
    onnx.checker.check_model(net, full_check=True)
    kinds = [n.op_type for n in net.graph.node if n.op_type != "DequantizeLinear"]
    source = onnx.load(built("fp32", "onnx").path)
    assert kinds == [n.op_type for n in source.graph.node]
    assert {node.domain for node in net.graph.node} == {""}


@pytest.mark.parametrize("name", [*NAMES, "int8-dynamic"])
def test_they_need_no_samples_and_leave_token_ids_alone(tokens_onnx, tmp_path, name):
    assert not RECIPES[name].calibrated("onnx")
    path = RECIPES[name].build(tokens_onnx, "onnx", None, tmp_path / "cache").path
    full, small = (
        onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(
            None, {"ids": IDS, "x": X}
        )[0]
        for file in (tokens_onnx, path)
    )
    assert 0 < np.abs(full - small).mean() < (0.03 if name == "int4-weights" else 0.005)
