import numpy as np
import onnx
import onnxruntime
from support.small_onnx import IDS, X

from tierbench.models.recipes import RECIPES


def test_file_is_valid_and_its_weights_are_half(built):
    net = onnx.load(built("fp16", "onnx").path)
    onnx.checker.check_model(net, full_check=True)
    kinds = {t.data_type for t in net.graph.initializer}
    assert onnx.TensorProto.FLOAT not in kinds
    assert onnx.TensorProto.FLOAT16 in kinds


def test_nothing_but_a_cast_at_each_end_is_added_and_the_order_is_kept(built):
    before = [n.op_type for n in onnx.load(built("fp32", "onnx").path).graph.node]
    after = [n.op_type for n in onnx.load(built("fp16", "onnx").path).graph.node]
    assert after == ["Cast", *before, "Cast"]


def test_token_ids_are_left_alone(tokens_onnx, tmp_path):
    path = RECIPES["fp16"].build(tokens_onnx, "onnx", None, tmp_path / "cache").path
    full, small = (
        onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(
            None, {"ids": IDS, "x": X}
        )[0]
        for file in (tokens_onnx, path)
    )
    np.testing.assert_allclose(full, small, atol=2e-3)
