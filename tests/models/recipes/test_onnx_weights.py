import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.models import write_onnx
from support.small_onnx import quantised_weights

from tierbench.harness.errors import ModelError
from tierbench.harness.formats import inspect_model
from tierbench.harness.recipe import Calibration
from tierbench.models.recipes import RECIPES
from tierbench.models.recipes.onnx_weights import int4_overrides, layers, scales


def model(op_type, shape, **attributes):
    tensor = numpy_helper.from_array(np.ones(shape, np.float32), "w")
    node = helper.make_node(op_type, ["x", "w"], ["y"], **attributes)
    graph = helper.make_graph([node], "g", [], [], [tensor])
    return helper.make_model(graph)


@pytest.mark.parametrize(
    ("op_type", "shape", "attributes", "axis"),
    [
        ("Conv", (6, 4, 3, 3), {}, 0),
        ("Conv", (6, 4, 5), {}, 0),
        ("MatMul", (8, 6), {}, 1),
        ("Gemm", (8, 6), {}, 1),
        ("Gemm", (6, 8), {"transB": 1}, 0),
    ],
)
def test_channels_of_the_output_have_a_scale_each(op_type, shape, attributes, axis):
    net = model(op_type, shape, **attributes)
    (layer,) = (layer for layer, _ in layers(net).values())
    assert layer.is_sum
    assert layer.weights == np.prod(shape)
    (channels,) = int4_overrides(net, ["w"]).values()
    assert len(channels) == 6
    assert channels[0]["axis"] == axis
    assert {float(channel["scale"]) for channel in channels} == {
        float(np.float32(1) / np.float32(7))
    }


@pytest.mark.parametrize("attributes", [{"group": 8}, {}])
def test_a_kernel_over_one_input_channel_is_no_sum(attributes):
    ((layer, axis),) = layers(model("Conv", (8, 1, 3, 3), **attributes)).values()
    assert (layer.is_sum, axis) == (False, 0)


@pytest.mark.parametrize(
    ("op_type", "shape"),
    [("ConvTranspose", (4, 6, 3, 3)), ("MatMul", (2, 8, 6)), ("Mul", (8, 6))],
)
def test_other_weights_are_left(op_type, shape):
    assert layers(model(op_type, shape)) == {}


def test_a_channel_of_zeros_has_a_scale():
    weights = np.array([[0, 0], [1, -14]], np.float32)
    np.testing.assert_array_equal(scales(weights, 0, bits=4), [1, 2])
    np.testing.assert_array_equal(scales(weights, 1, bits=4) * 7, [1, 14])


@pytest.mark.parametrize("name", ["int4", "int4-weights"])
def test_without_a_weight_for_four_bits_it_says_so(tmp_path, name):
    nodes = [("Conv", ["x", "w"], "y")]
    ends = {"x": (np.float32, ["n", 1, 4, 4])}, ("y", ["n", 2, 4, 4])
    weights = {"w": np.ones((2, 1, 1, 1), np.float32)}
    path = write_onnx(tmp_path / "lone.onnx", nodes, *ends, weights)
    given = {"x": np.ones((9, 1, 4, 4), np.float32)}
    samples = Calibration(sha256="ones", load=lambda: given)
    with pytest.raises(ModelError, match=r"it has no weight .*4 bits"):
        RECIPES[name].build(path, "onnx", samples, tmp_path)
    built = RECIPES["int4-uniform"].build(path, "onnx", samples, tmp_path)
    assert inspect_model(built.path).weight_bits == 4


def test_only_kernels_over_several_channels_have_four_bits(built):
    net = onnx.load(built("int4", "onnx").path)
    source = onnx.load(built("fp32", "onnx").path)
    before = {t.name: numpy_helper.to_array(t) for t in source.graph.initializer}
    kinds = set()
    floats = [n.input[1] for n in source.graph.node if n.op_type in ("Conv", "Gemm")]
    for name, (node, values, scale, _) in zip(
        floats, quantised_weights(net), strict=True
    ):
        narrow = node.op_type == "Gemm" or values.shape[1] > 1
        kinds.add((narrow, values.dtype.name))
        top = np.abs(values.astype(np.int8)).reshape(len(values), -1).max(axis=1)
        assert (top == (7 if narrow else 127)).all()
        largest = np.abs(before[name]).reshape(len(values), -1).max(axis=1)
        np.testing.assert_allclose(scale * top, largest, rtol=1e-5)
    assert kinds == {(True, "int4"), (False, "int8")}
    assert {t.data_type for t in net.graph.initializer} >= {TensorProto.INT4}


def test_uniform_means_every_kernel(built):
    found = list(quantised_weights(onnx.load(built("int4-uniform", "onnx").path)))
    assert len(found) == 14
    for _, values, _, _ in found:
        assert values.dtype.name == "int4"
        top = np.abs(values.astype(np.int8)).reshape(len(values), -1).max(axis=1)
        assert (top == 7).all()
