import onnx
import pytest

from tierbench.models.recipes import onnx_file
from tierbench.models.recipes.samples import Input


def test_inputs_are_told_with_type_and_number(tokens_onnx):
    model = onnx_file.load(tokens_onnx)
    model.graph.input[1].type.tensor_type.shape.dim[0].dim_value = 1
    assert onnx_file.inputs(model) == {
        "ids": Input(dtype="int64", batch=None),
        "x": Input(dtype="float32", batch=1),
    }


@pytest.mark.parametrize(("asked", "got"), [(0, 17), (13, 17), (21, 21)])
def test_opset_is_only_raised(tokens_onnx, asked, got):
    (opset,) = onnx_file.load(tokens_onnx, opset=asked).opset_import
    assert opset.version == got


def test_what_a_debugger_wants_is_taken_out(tokens_onnx):
    model = onnx.load(tokens_onnx)
    for where in (model, model.graph.node[0], model.graph.initializer[0]):
        entry = where.metadata_props.add()
        entry.key, entry.value = "trace", "/home/someone/model.py"
    model.graph.node[0].doc_string = "in /home/someone"
    onnx.save(model, tokens_onnx)
    onnx_file.tidy(tokens_onnx)
    assert b"someone" not in tokens_onnx.read_bytes()
    assert onnx.load(tokens_onnx).graph.node[0].op_type == "Gather"
