import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from support.small_onnx import quantised_weights

from tierbench.harness.errors import ModelError
from tierbench.models.recipes.onnx_int4 import int4_weights


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
    (channels,) = int4_weights(model(op_type, shape, **attributes)).values()
    assert len(channels) == 6
    assert channels[0]["axis"] == axis
    assert {float(channel["scale"]) for channel in channels} == {
        float(np.float32(1) / np.float32(7))
    }


@pytest.mark.parametrize(
    ("op_type", "shape", "attributes"),
    [
        ("Conv", (8, 1, 3, 3), {"group": 8}),
        ("Conv", (8, 1, 3, 3), {}),
        ("ConvTranspose", (4, 6, 3, 3), {}),
        ("MatMul", (2, 8, 6), {}),
        ("Mul", (8, 6), {}),
    ],
)
def test_without_a_weight_for_four_bits_it_says_so(op_type, shape, attributes):
    with pytest.raises(ModelError, match="no weight that 4 bits are enough for"):
        int4_weights(model(op_type, shape, **attributes))


def test_a_channel_of_zeros_has_a_scale():
    net = model("MatMul", (8, 6))
    net.graph.initializer[0].CopyFrom(
        numpy_helper.from_array(np.zeros((8, 6), np.float32), "w")
    )
    (channels,) = int4_weights(net).values()
    assert all(channel["scale"] == 1 for channel in channels)


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
