"""What holds for every reference model that ships: its files, and how good they are."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter
from support.shipped import NAMES

import tierbench.models
from tierbench.harness.model import ReferenceModel
from tierbench.models import prediction

FORMATS = ("onnx", "tflite")

each_format = pytest.mark.parametrize("format", FORMATS)
fp32_and_int8 = pytest.mark.parametrize("variant", ["fp32", "int8"])


def test_every_model_on_disk_has_its_entry_point():
    (root,) = tierbench.models.__path__
    folders = sorted(path.parent.name for path in Path(root).glob("*/lineage.json"))
    assert folders == NAMES


def test_entry_point_leads_to_a_model_that_fits_the_protocol(reference):
    typed: ReferenceModel = reference.model
    assert typed is reference.module.model
    assert (typed.name, typed.task) == (reference.name, "classification")
    assert typed.formats == FORMATS
    assert typed.variants == (
        *("fp32", "fp16", "int8", "int8-per-tensor", "int8-symmetric", "int8-entropy"),
        *("int8-percentile", "int8-weights", "int8-dynamic", "int16x8", "mixed"),
        *("int4", "int4-uniform", "int4-weights"),
    )


def test_importing_the_model_stays_light(reference):
    heavy = {"numpy", "onnx", "onnxruntime", "ai_edge_litert", "torch"}
    module = reference.module.__name__
    code = f"import sys, {module}; print({heavy!r} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


@each_format
def test_file_is_the_recorded_one(reference, format):
    record = reference.lineage["files"][format]
    content = reference.file(format).read_bytes()
    assert record["name"] == reference.file(format).name
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    assert len(content) == record["size_bytes"]


def test_all_files_together_are_small(reference):
    shipped = [path for path in reference.folder.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in shipped) < 1_500_000


def test_record_tells_the_recipe_in_force(reference):
    assert reference.lineage["settings"] == reference.learner.settings
    assert tuple(reference.lineage["classes"]) == reference.data.classes
    for name, split in reference.data.splits.items():
        record = reference.lineage["data"][name]
        assert (record["seed"], record["samples"]) == (split.seed, split.samples)


def test_evaluation_has_the_hash_that_was_announced(reference):
    found = reference.evaluation
    assert found.sha256 == reference.model.evaluation_sha256
    assert found.n == len(found.labels) == 1_200
    assert found.inputs["input"].dtype == np.float32
    assert found.metric == "top1"
    assert found.classes == reference.data.classes


@each_format
def test_fp32_is_as_good_as_recorded(reference, format):
    share = reference.right("fp32", format).mean()
    assert 0.7 < share < 0.99
    # Kernels differ between processors; one sample in 1,200 may fall either way.
    recorded = reference.lineage["files"][format]["top1"]
    assert share == pytest.approx(recorded, abs=2 / 1200)


@each_format
def test_int8_loses_less_than_two_points(reference, format):
    lost = (
        reference.right("fp32", format).mean() - reference.right("int8", format).mean()
    )
    assert lost < 0.02
    full = reference.probabilities("fp32", format).argmax(axis=1)
    small = reference.probabilities("int8", format).argmax(axis=1)
    assert (full == small).mean() > 0.94


def test_every_class_is_found_but_none_always(reference):
    for name, share in reference.right_by_class().items():
        assert 0.5 < share < 1.0, name


def test_both_formats_give_the_same_probabilities(reference):
    onnx, tflite = (reference.probabilities("fp32", format) for format in FORMATS)
    assert onnx.shape == tflite.shape == (1_200, len(reference.evaluation.classes))
    np.testing.assert_allclose(onnx, tflite, atol=1e-4)
    np.testing.assert_allclose(onnx.sum(axis=1), 1.0, atol=1e-5)


@fp32_and_int8
@each_format
def test_a_batch_changes_nothing(reference, variant, format):
    path = reference.built(variant, format).path
    few = reference.evaluation.inputs["input"][:9]
    single = [prediction.probabilities(path, few[i : i + 1]) for i in range(9)]
    for together in (
        prediction.probabilities(path, few),
        reference.probabilities(variant, format)[:9],
    ):
        np.testing.assert_allclose(np.concatenate(single), together, atol=1e-5)


def test_int8_tflite_takes_and_gives_int8(reference):
    path = str(reference.built("int8", "tflite").path)
    interpreter = Interpreter(model_path=path, num_threads=1)
    (given,), (made,) = (
        interpreter.get_input_details(),
        interpreter.get_output_details(),
    )
    assert given["dtype"] is made["dtype"] is np.int8


def test_tflite_names_its_input_and_output(reference):
    path = str(reference.file("tflite"))
    interpreter = Interpreter(model_path=path, num_threads=1)
    (signature,) = interpreter.get_signature_list().values()
    assert signature == {"inputs": ["input"], "outputs": ["probabilities"]}
    (given,) = interpreter.get_input_details()
    assert given["name"] == "input"
    assert list(given["shape"]) == [1, *reference.evaluation.inputs["input"].shape[1:]]


def test_onnx_names_its_input_and_output_and_frees_the_batch(reference):
    graph = onnx.load(reference.file("onnx")).graph
    (given,), (made,) = graph.input, graph.output
    assert (given.name, made.name) == ("input", "probabilities")
    batch, *shape = given.type.tensor_type.shape.dim
    assert batch.dim_param
    drawn = reference.evaluation.inputs["input"].shape[1:]
    assert tuple(dim.dim_value for dim in shape) == drawn
    assert made.type.tensor_type.shape.dim[0].dim_param == batch.dim_param


def test_onnx_tells_nothing_of_where_it_was_made(reference):
    content = reference.file("onnx").read_bytes()
    assert b".py" not in content
    assert b"/tmp" not in content
    assert b"/" not in content.split(b"pytorch")[0]
