from functools import cache

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tierbench.harness import registry
from tierbench.harness.errors import ModelError
from tierbench.models.drift.embedding import add_embedding
from tierbench.models.drift.streams import stream
from tierbench.models.prediction import runner

FORMATS = ("onnx", "tflite")
SIZES = {"bearing": 96, "defect": 128, "keyword": 64}


@pytest.fixture(scope="module")
def inputs():
    def draw(name):
        shifts = registry.find(registry.SHIFTS, name)
        return next(shifts.inputs(stream(shifts, "clean", 120)))

    return cache(draw)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_answers_are_the_same_bits_and_embeddings_have_the_layers_size(
    reference, inputs, tmp_path, variant, format
):
    source = reference.built(variant, format).path
    out = tmp_path / f"model.{format}"
    layer = add_embedding(source, out)
    assert layer.reason.startswith("penultimate activations")
    given = inputs(reference.name)
    plain, watched = runner(source)(given), runner(out)(given)
    assert len(plain) == 1
    assert len(watched) == 2
    assert watched[0].tobytes() == plain[0].tobytes()
    assert watched[1].reshape(120, -1).shape[1] == SIZES[reference.name]
    assert np.isfinite(watched[1]).all()


def test_fp16_embeddings_are_found_behind_the_converters(defect, inputs, tmp_path):
    for format in FORMATS:
        out = tmp_path / f"model.{format}"
        layer = add_embedding(defect.built("fp16", format).path, out)
        assert layer.reason.startswith("penultimate activations")
        assert runner(out)(inputs("defect"))[1].reshape(120, -1).shape[1] == 128


def test_the_embedding_is_what_the_last_layer_judges(defect, inputs, tmp_path):
    """Its weights on the embedding give the probabilities: nothing lies between."""
    out = tmp_path / "model.onnx"
    add_embedding(defect.file("onnx"), out)
    probabilities, embedding = runner(out)(inputs("defect"))
    stored = {t.name: t for t in onnx.load(out).graph.initializer}
    weight, bias = (
        numpy_helper.to_array(stored[f"network.22.{name}"])
        for name in ("weight", "bias")
    )
    logits = embedding @ weight.T + bias
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    assert probabilities == pytest.approx(shares, abs=1e-5)


def test_signatures_name_the_second_output(defect, inputs, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    out = tmp_path / "model.tflite"
    add_embedding(defect.file("tflite"), out)
    run = Interpreter(model_path=str(out), num_threads=1).get_signature_runner()
    found = run(input=inputs("defect")[:1])
    assert set(found) == {"probabilities", "embedding"}
    assert found["embedding"].size == 128


def saved(path, nodes, stored=()):
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3])
        for name in ("x", "y")
    ]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], list(stored))
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def test_a_model_without_a_dense_layer_is_watched_by_its_output(tmp_path):
    node = helper.make_node("Softmax", ["x"], ["y"])
    out = tmp_path / "out.onnx"
    layer = add_embedding(saved(tmp_path / "in.onnx", [node]), out)
    assert layer.tensor == "y"
    assert "no dense layer" in layer.reason
    first, second = runner(out)(np.ones((2, 3), np.float32))
    assert np.array_equal(first, second)


def test_a_product_of_activations_is_no_dense_layer(tmp_path):
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"]),
        helper.make_node("MatMul", ["x", "t"], ["p"]),
        helper.make_node("MatMul", ["p", "x"], ["y"]),
    ]
    layer = add_embedding(saved(tmp_path / "in.onnx", nodes), tmp_path / "out.onnx")
    assert "no dense layer" in layer.reason


def test_a_model_that_computes_nothing_is_refused(tmp_path):
    path = saved(tmp_path / "in.onnx", [helper.make_node("Relu", ["x"], ["z"])])
    with pytest.raises(ModelError, match="computes no output"):
        add_embedding(path, tmp_path / "out.onnx")
