"""What ships with the model: the files, their record, and how good they are."""

import hashlib
import json
from pathlib import Path

import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter

import tierbench.models.defect
from tierbench.models.content import content_sha256
from tierbench.models.defect import data, train

FOLDER = Path(tierbench.models.defect.__file__).parent
LINEAGE = json.loads((FOLDER / "lineage.json").read_text(encoding="utf-8"))
FORMATS = ["onnx", "tflite"]
EVERY_TIER_RUNS = {
    "ADD",
    "AVERAGE_POOL_2D",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "SOFTMAX",
}


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


def test_recorded_hashes_are_those_of_the_images():
    recorded = LINEAGE["data"]["calibration"]["sha256"]
    assert content_sha256(*data.draw("calibration")) == recorded


@pytest.mark.real
def test_recorded_hash_is_that_of_the_training_images(training):
    found = content_sha256(data.as_input(training), data.labels(data.TRAINING))
    assert found == LINEAGE["data"]["training"]["sha256"]


@pytest.mark.parametrize("format", FORMATS)
def test_fp32_is_as_good_as_recorded(probabilities, evaluation, format):
    right = probabilities("fp32", format).argmax(axis=1) == evaluation.labels
    assert 0.7 < right.mean() < 0.99
    # Kernels differ between processors; one image in 1,200 may fall either way.
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
        assert 0.6 < share < 1.0, name


@pytest.mark.parametrize("variant", ["fp32", "int8"])
def test_tflite_needs_no_operator_beyond_the_common_ones(built, variant):
    path = str(built(variant, "tflite").path)
    interpreter = Interpreter(model_path=path, num_threads=1)
    names = {operator["op_name"] for operator in interpreter._get_ops_details()}
    assert names - {"DELEGATE"} == EVERY_TIER_RUNS


def test_tflite_names_its_input_and_output():
    interpreter = Interpreter(model_path=str(FOLDER / "defect.tflite"), num_threads=1)
    (signature,) = interpreter.get_signature_list().values()
    assert signature == {"inputs": ["input"], "outputs": ["probabilities"]}
    (given,) = interpreter.get_input_details()
    assert given["name"] == "input"
    assert list(given["shape"]) == [1, 64, 64, 1]


def test_onnx_names_its_input_and_output_and_frees_the_batch():
    graph = onnx.load(FOLDER / "defect.onnx").graph
    (given,), (made,) = graph.input, graph.output
    assert (given.name, made.name) == ("input", "probabilities")
    batch, *shape = given.type.tensor_type.shape.dim
    assert batch.dim_param
    assert [dim.dim_value for dim in shape] == [64, 64, 1]
    assert made.type.tensor_type.shape.dim[0].dim_param == batch.dim_param


def test_onnx_tells_nothing_of_where_it_was_made():
    content = (FOLDER / "defect.onnx").read_bytes()
    assert b".py" not in content
    assert b"/" not in content.split(b"pytorch")[0]


def test_parameters_are_counted():
    model = onnx.load(FOLDER / "defect.onnx")
    floats = [
        t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT
    ]
    count = sum(onnx.numpy_helper.to_array(tensor).size for tensor in floats)
    assert count == LINEAGE["parameters"]
