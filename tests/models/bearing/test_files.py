"""What ships with the model: the files, their record, and how good they are."""

import hashlib
import json
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter

import tierbench.models.bearing
from tierbench.harness.model import ReferenceModel
from tierbench.models.bearing import data, model, train
from tierbench.models.content import content_sha256

FOLDER = Path(tierbench.models.bearing.__file__).parent
LINEAGE = json.loads((FOLDER / "lineage.json").read_text(encoding="utf-8"))
FORMATS = ["onnx", "tflite"]
A_MICROCONTROLLER_RUNS = {
    "ADD",
    "AVERAGE_POOL_2D",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "SOFTMAX",
}


def test_entry_point_leads_to_the_model():
    (point,) = entry_points(group="tierbench.models", name="bearing")
    typed: ReferenceModel = point.load()
    assert typed is model
    assert (typed.name, typed.task) == ("bearing", "classification")
    assert list(typed.formats) == FORMATS


@pytest.mark.parametrize("format", FORMATS)
def test_file_is_the_recorded_one(format):
    record = LINEAGE["files"][format]
    content = (FOLDER / record["name"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    assert len(content) == record["size_bytes"]


def test_each_file_fits_a_microcontrollers_flash():
    for record in LINEAGE["files"].values():
        assert record["size_bytes"] < 200_000


def test_record_tells_the_recipe_in_force():
    assert LINEAGE["settings"] == train.SETTINGS
    assert tuple(LINEAGE["classes"]) == data.CLASSES
    for name, split in data.SPLITS.items():
        record = LINEAGE["data"][name]
        assert (record["seed"], record["samples"]) == (split.seed, split.samples)


def test_recorded_hash_is_that_of_the_calibration_recordings():
    recorded = LINEAGE["data"]["calibration"]["sha256"]
    assert content_sha256(*data.draw("calibration")) == recorded


def test_evaluation_has_the_hash_that_was_announced(evaluation):
    assert evaluation.sha256 == model.evaluation_sha256
    assert evaluation.inputs["input"].shape == (1_200, 1, 1_024, 1)
    assert evaluation.metric == "top1"
    assert evaluation.classes == data.CLASSES


@pytest.mark.real
def test_recorded_hash_is_that_of_the_training_recordings(training):
    found = content_sha256(data.as_input(training), data.labels(data.TRAINING))
    assert found == LINEAGE["data"]["training"]["sha256"]


@pytest.mark.parametrize("format", FORMATS)
def test_fp32_is_as_good_as_recorded(probabilities, evaluation, format):
    right = probabilities("fp32", format).argmax(axis=1) == evaluation.labels
    assert 0.7 < right.mean() < 0.99
    # Kernels differ between processors; one sample in 1,200 may fall either way.
    assert right.mean() == pytest.approx(LINEAGE["files"][format]["top1"], abs=2 / 1200)


def test_both_formats_give_the_same_probabilities(probabilities):
    onnx, tflite = probabilities("fp32", "onnx"), probabilities("fp32", "tflite")
    np.testing.assert_allclose(onnx, tflite, atol=1e-4)
    np.testing.assert_allclose(onnx.sum(axis=1), 1.0, atol=1e-5)


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
        assert 0.6 < share < 1.0, name


@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_tflite_needs_no_operator_that_a_microcontroller_lacks(built, variant):
    path = str(built(variant, "tflite").path)
    interpreter = Interpreter(model_path=path, num_threads=1)
    names = {operator["op_name"] for operator in interpreter._get_ops_details()}
    assert names - {"DELEGATE"} == A_MICROCONTROLLER_RUNS


def test_int8_tflite_takes_and_gives_int8(built):
    path = str(built("int8", "tflite").path)
    interpreter = Interpreter(model_path=path, num_threads=1)
    (given,), (made,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )
    assert given["dtype"] is made["dtype"] is np.int8


def test_tflite_names_its_input_and_output():
    interpreter = Interpreter(model_path=str(FOLDER / "bearing.tflite"), num_threads=1)
    (signature,) = interpreter.get_signature_list().values()
    assert signature == {"inputs": ["input"], "outputs": ["probabilities"]}
    (given,) = interpreter.get_input_details()
    assert list(given["shape"]) == [1, 1, 1_024, 1]


def test_onnx_names_its_input_and_output_and_frees_the_batch():
    graph = onnx.load(FOLDER / "bearing.onnx").graph
    (given,), (made,) = graph.input, graph.output
    assert (given.name, made.name) == ("input", "probabilities")
    batch, *shape = given.type.tensor_type.shape.dim
    assert batch.dim_param
    assert [dim.dim_value for dim in shape] == [1, 1_024, 1]
    assert made.type.tensor_type.shape.dim[0].dim_param == batch.dim_param


def test_onnx_tells_nothing_of_where_it_was_made():
    content = (FOLDER / "bearing.onnx").read_bytes()
    assert b".py" not in content
    assert b"/" not in content.split(b"pytorch")[0]


def test_parameters_are_counted():
    graph = onnx.load(FOLDER / "bearing.onnx").graph
    floats = [t for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    count = sum(onnx.numpy_helper.to_array(tensor).size for tensor in floats)
    assert count == LINEAGE["parameters"]
