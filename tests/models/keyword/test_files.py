"""What is special to the files that ship with the model."""

import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter

from tierbench.models.keyword import features

BLOCKS, HEADS = 3, 4


@pytest.fixture(scope="module")
def keyword(shipped):
    return shipped("keyword")


def test_patches_have_their_frames_and_bands(keyword):
    found = keyword.evaluation.inputs["input"].shape
    assert found == (1_200, features.FRAMES, features.BANDS)


def test_heads_stand_in_the_onnx_graph(keyword):
    whole = onnx.load(keyword.file("onnx"))
    graph = onnx.shape_inference.infer_shapes(whole).graph
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in graph.value_info
    }
    makers = {name: node for node in graph.node for name in node.output}
    matches = [
        shapes[node.input[0]][1:]
        for node in graph.node
        if node.op_type == "Softmax" and node.input[0] in makers
    ]
    attention = [shape for shape in matches if len(shape) == 3]
    assert attention == [[HEADS, features.FRAMES, features.FRAMES]] * BLOCKS


def test_heads_stand_in_the_tflite_graph(keyword):
    path = str(keyword.file("tflite"))
    interpreter = Interpreter(model_path=path, num_threads=1)
    shapes = {d["index"]: list(d["shape"]) for d in interpreter.get_tensor_details()}
    softmax = [
        shapes[operator["outputs"][0]]
        for operator in interpreter._get_ops_details()
        if operator["op_name"] == "SOFTMAX"
    ]
    attention = [shape for shape in softmax if len(shape) == 4]
    assert attention == [[1, HEADS, features.FRAMES, features.FRAMES]] * BLOCKS


def test_parameters_are_counted(keyword):
    # Weights and biases, without the constants of scaling and normalising.
    known = keyword.lineage["parameters"]
    assert known <= keyword.onnx_floats() <= known + 200
