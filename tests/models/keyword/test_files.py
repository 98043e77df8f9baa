"""What ships with the model: the files, their record, and how good they are."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter

import tierbench.models.keyword
from tierbench.models import prediction
from tierbench.models.content import content_sha256
from tierbench.models.keyword import data, features, train

FOLDER = Path(tierbench.models.keyword.__file__).parent
LINEAGE = json.loads((FOLDER / "lineage.json").read_text(encoding="utf-8"))
FORMATS = ["onnx", "tflite"]
BLOCKS, HEADS, SIZE = 3, 4, 16


@pytest.mark.parametrize("format", FORMATS)
def test_file_is_the_recorded_one(format):
    record = LINEAGE["files"][format]
    content = (FOLDER / record["name"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    assert len(content) == record["size_bytes"]


def test_all_files_together_are_small():
    shipped = [path for path in FOLDER.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in shipped) < 1_500_000


def test_record_tells_the_recipe_in_force():
    assert LINEAGE["settings"] == train.SETTINGS
    assert tuple(LINEAGE["classes"]) == data.CLASSES
    for name, split in data.SPLITS.items():
        record = LINEAGE["data"][name]
        assert (record["seed"], record["samples"]) == (split.seed, split.samples)


def test_recorded_hashes_are_those_of_the_patches():
    recorded = LINEAGE["data"]["calibration"]["sha256"]
    assert content_sha256(*data.draw("calibration")) == recorded


@pytest.mark.real
def test_recorded_hash_is_that_of_the_training_patches(training):
    found = content_sha256(data.as_input(training), data.labels(data.TRAINING))
    assert found == LINEAGE["data"]["training"]["sha256"]


@pytest.mark.parametrize("format", FORMATS)
def test_fp32_is_as_good_as_recorded(probabilities, evaluation, format):
    right = probabilities("fp32", format).argmax(axis=1) == evaluation.labels
    assert 0.7 < right.mean() < 0.99
    # Kernels differ between processors; one clip in 1,200 may fall either way.
    assert right.mean() == pytest.approx(LINEAGE["files"][format]["top1"], abs=2 / 1200)


@pytest.mark.parametrize("format", FORMATS)
def test_int8_loses_less_than_two_points(probabilities, evaluation, format):
    full = probabilities("fp32", format).argmax(axis=1)
    small = probabilities("int8", format).argmax(axis=1)
    lost = (full == evaluation.labels).mean() - (small == evaluation.labels).mean()
    assert lost < 0.02
    assert (full == small).mean() > 0.94


def test_every_class_is_found_but_none_always(probabilities, evaluation):
    found = probabilities("fp32", "onnx").argmax(axis=1) == evaluation.labels
    for label, name in enumerate(data.CLASSES):
        share = found[evaluation.labels == label].mean()
        assert 0.5 < share < 1.0, name


def test_both_formats_give_the_same_probabilities(probabilities):
    onnx, tflite = probabilities("fp32", "onnx"), probabilities("fp32", "tflite")
    assert onnx.shape == tflite.shape == (1_200, len(data.CLASSES))
    np.testing.assert_allclose(onnx, tflite, atol=1e-4)
    np.testing.assert_allclose(onnx.sum(axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("variant", ["fp32", "int8"])
@pytest.mark.parametrize("format", FORMATS)
def test_a_batch_changes_nothing(built, evaluation, variant, format):
    path = built(variant, format).path
    few = evaluation.inputs["input"][:8]
    together = prediction.probabilities(path, few)
    single = [prediction.probabilities(path, few[i : i + 1]) for i in range(8)]
    np.testing.assert_allclose(np.concatenate(single), together, atol=1e-5)


def test_tflite_names_its_input_and_output():
    interpreter = Interpreter(model_path=str(FOLDER / "keyword.tflite"), num_threads=1)
    (signature,) = interpreter.get_signature_list().values()
    assert signature == {"inputs": ["input"], "outputs": ["probabilities"]}
    (given,) = interpreter.get_input_details()
    assert given["name"] == "input"
    assert list(given["shape"]) == [1, features.FRAMES, features.BANDS]


def test_onnx_names_its_input_and_output_and_frees_the_batch():
    graph = onnx.load(FOLDER / "keyword.onnx").graph
    (given,), (made,) = graph.input, graph.output
    assert (given.name, made.name) == ("input", "probabilities")
    batch, *shape = given.type.tensor_type.shape.dim
    assert batch.dim_param
    assert [dim.dim_value for dim in shape] == [features.FRAMES, features.BANDS]
    assert made.type.tensor_type.shape.dim[0].dim_param == batch.dim_param


def test_onnx_tells_nothing_of_where_it_was_made():
    content = (FOLDER / "keyword.onnx").read_bytes()
    assert b".py" not in content
    assert b"/tmp" not in content


def test_heads_stand_in_the_onnx_graph():
    graph = onnx.shape_inference.infer_shapes(onnx.load(FOLDER / "keyword.onnx")).graph
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


def test_heads_stand_in_the_tflite_graph():
    interpreter = Interpreter(model_path=str(FOLDER / "keyword.tflite"), num_threads=1)
    shapes = {d["index"]: list(d["shape"]) for d in interpreter.get_tensor_details()}
    softmax = [
        shapes[operator["outputs"][0]]
        for operator in interpreter._get_ops_details()
        if operator["op_name"] == "SOFTMAX"
    ]
    attention = [shape for shape in softmax if len(shape) == 4]
    assert attention == [[1, HEADS, features.FRAMES, features.FRAMES]] * BLOCKS


def test_parameters_are_counted():
    model = onnx.load(FOLDER / "keyword.onnx")
    sizes = [
        onnx.numpy_helper.to_array(tensor).size
        for tensor in model.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT
    ]
    # Weights and biases, without the constants of scaling and normalising.
    known = LINEAGE["parameters"]
    assert known <= sum(sizes) <= known + 200
