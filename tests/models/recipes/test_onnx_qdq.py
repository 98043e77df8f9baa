from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
from support.small_onnx import IDS, X, quantised_weights

from tierbench.harness.errors import ModelError
from tierbench.harness.formats import inspect_model
from tierbench.harness.recipe import Calibration
from tierbench.models.recipes import RECIPES

STATIC = ("int8", "int8-per-tensor", "int16x8", "int4")
TOKENS = Calibration(sha256="tokens", load=lambda: {"ids": IDS, "x": X})


@pytest.fixture
def load(built):
    return lambda name: onnx.load(built(name, "onnx").path)


@pytest.mark.parametrize("name", ["int8", "int16x8", "int4"])
def test_weights_have_a_scale_for_each_channel(load, name):
    found = list(quantised_weights(load(name)))
    assert len(found) == 14
    for _, values, scale, zero in found:
        assert scale.shape == values.shape[:1]
        assert not zero.any()


def test_weights_have_one_scale_for_each_tensor(load):
    found = list(quantised_weights(load("int8-per-tensor")))
    assert len(found) == 14
    for _, values, scale, zero in found:
        assert values.dtype == np.int8
        assert scale.shape == zero.shape == ()
        assert not zero.any()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("int8", onnx.TensorProto.UINT8),
        ("int8-per-tensor", onnx.TensorProto.UINT8),
        ("int8-symmetric", onnx.TensorProto.INT8),
        ("int16x8", onnx.TensorProto.INT16),
        ("int4", onnx.TensorProto.UINT8),
    ],
)
def test_every_activation_is_of_the_promised_type(load, name, kind):
    net = load(name)
    types = {t.name: t.data_type for t in net.graph.initializer}
    nodes = [node for node in net.graph.node if node.op_type == "QuantizeLinear"]
    assert len(nodes) >= 20
    assert {types[node.input[2]] for node in nodes} == {kind}


def test_for_tensorrt_all_zero_points_are_zero_and_biases_are_floats(load):
    net = load("int8-symmetric")
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in net.graph.initializer}
    marks = [n for n in net.graph.node if n.op_type.endswith("quantizeLinear")]
    marks += [n for n in net.graph.node if n.op_type == "QuantizeLinear"]
    assert len(marks) >= 40
    assert not any(tensors[node.input[2]].any() for node in marks)
    assert {str(one.dtype) for one in tensors.values()} <= {"int8", "float32", "int64"}
    for node in net.graph.node:
        if node.op_type in ("Conv", "Gemm") and len(node.input) > 2:
            assert tensors[node.input[2]].dtype == np.float32


@pytest.mark.parametrize("name", STATIC)
def test_no_operator_but_quantisation_is_added(load, name):
    added = Counter(n.op_type for n in load(name).graph.node)
    added -= Counter(n.op_type for n in load("fp32").graph.node)
    assert set(added) == {"QuantizeLinear", "DequantizeLinear"}


@pytest.mark.parametrize("name", STATIC)
def test_all_operators_are_of_the_standard(load, name):
    net = load(name)
    (opset,) = net.opset_import
    assert opset.version == (18 if name.startswith("int8") else 21)
    assert {node.domain for node in net.graph.node} == {""}
    onnx.checker.check_model(net, full_check=True)


def test_softmax_stays_in_float(load):
    net = load("int8")
    last = net.graph.node[-1]
    assert last.op_type == "Softmax"
    assert list(last.output) == ["probabilities"]


@pytest.mark.parametrize("name", STATIC)
def test_token_ids_are_left_alone(tokens_onnx, tmp_path, name):
    path = RECIPES[name].build(tokens_onnx, "onnx", TOKENS, tmp_path / "cache").path
    profile = inspect_model(path)
    assert [(end.name, end.dtype, end.shape) for end in profile.inputs] == [
        ("ids", "int64", (-1, 6)),
        ("x", "float32", (-1, 6, 8)),
    ]
    providers = ["CPUExecutionProvider"]
    full, small = (
        onnxruntime.InferenceSession(file, providers=providers).run(
            None, {"ids": IDS, "x": X}
        )[0]
        for file in (tokens_onnx, path)
    )
    assert np.abs(full - small).mean() < (0.03 if name == "int4" else 0.005)


def test_missing_input_is_named(tokens_onnx, tmp_path):
    samples = Calibration(sha256="few", load=lambda: {"x": X})
    with pytest.raises(ModelError, match=r"arrays \['x'\], but none for its input 'id"):
        RECIPES["int8"].build(tokens_onnx, "onnx", samples, tmp_path / "cache")
