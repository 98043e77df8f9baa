"""ONNX files whose activations are scaled at every call."""

from collections import Counter

import onnx
from onnx import TensorProto


def test_products_are_of_integers_and_all_else_is_left(built):
    net = onnx.load(built("int8-dynamic", "onnx").path)
    counts = Counter(node.op_type for node in net.graph.node)
    assert (counts["ConvInteger"], counts["MatMulInteger"]) == (13, 1)
    assert counts["Conv"] == counts["Gemm"] == counts["MatMul"] == 0
    assert {node.domain for node in net.graph.node} == {""}
    kinds = {t.name: t.data_type for t in net.graph.initializer}
    products = [n for n in net.graph.node if n.op_type.endswith("Integer")]
    assert {kinds[node.input[1]] for node in products} == {TensorProto.INT8}


def test_a_scale_comes_from_the_batch_it_is_for(built):
    net = onnx.load(built("int8-dynamic", "onnx").path)
    markers = [n for n in net.graph.node if n.op_type == "DynamicQuantizeLinear"]
    assert len(markers) >= 13
