import hashlib
from collections import Counter

import numpy as np
import onnx
import pytest

from tierbench.harness.errors import ModelError
from tierbench.models.recipes import ONNX_INT8, Calibration, build


@pytest.fixture(scope="module")
def net(built):
    return onnx.load(built("int8", "onnx").path)


def test_two_builds_are_equal_to_the_last_byte(built, calibration, tmp_path):
    again = tmp_path / "again.onnx"
    ONNX_INT8.apply(built("fp32", "onnx").path, calibration, again)
    known = built("int8", "onnx").path.read_bytes()
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(known).digest()


def test_weights_are_int8_and_symmetric_per_channel(net):
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in net.graph.initializer}
    kernels = {k: v for k, v in tensors.items() if v.ndim == 4}
    assert len(kernels) == 13
    made_by = {o: n for n in net.graph.node for o in n.output}
    for node in net.graph.node:
        if node.op_type != "Conv":
            continue
        weights, scale, zero = made_by[node.input[1]].input
        assert tensors[weights].dtype == np.int8
        assert tensors[scale].shape == tensors[weights].shape[:1]
        assert not tensors[zero].any()


def test_every_activation_is_unsigned_8_bit(net):
    types = {t.name: t.data_type for t in net.graph.initializer}
    nodes = [node for node in net.graph.node if node.op_type == "QuantizeLinear"]
    assert len(nodes) > 20
    assert {types[node.input[2]] for node in nodes} == {onnx.TensorProto.UINT8}


def test_inputs_and_outputs_stay_float(net):
    tensors = [*net.graph.input, *net.graph.output]
    assert [tensor.name for tensor in tensors] == ["input", "probabilities"]
    kinds = {tensor.type.tensor_type.elem_type for tensor in tensors}
    assert kinds == {onnx.TensorProto.FLOAT}


def test_no_operator_but_quantisation_is_added(net, built):
    source = Counter(
        n.op_type for n in onnx.load(built("fp32", "onnx").path).graph.node
    )
    added = Counter(n.op_type for n in net.graph.node) - source
    assert set(added) == {"QuantizeLinear", "DequantizeLinear"}


def test_file_is_less_than_half_of_its_source(built):
    small, large = built("int8", "onnx").path, built("fp32", "onnx").path
    assert small.stat().st_size < 0.5 * large.stat().st_size


def test_other_content_is_refused(tmp_path):
    source = tmp_path / "net.onnx"
    source.write_bytes(b"no model at all")
    samples = Calibration(sha256="0" * 64, load=lambda: np.zeros((2, 4), np.float32))
    with pytest.raises(ModelError, match="'int8' cannot be applied to"):
        build(ONNX_INT8, source, samples, tmp_path / "cache")
