"""What every recipe promises, for both formats of a reference model."""

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter

from tierbench.harness.errors import ModelError, NotFound
from tierbench.harness.formats import inspect_model
from tierbench.harness.recipe import Calibration
from tierbench.models.recipes import RECIPES

FORMATS = ("onnx", "tflite")
ALL = [(name, format) for name in RECIPES for format in RECIPES[name].formats]
ONNX_ONLY = {"int8-symmetric", "int8-entropy", "int8-percentile", "int4-uniform"}
LOST_MAX = {
    "fp16": 0.005,
    "int8": 0.02,
    "int8-per-tensor": 0.02,
    "int8-symmetric": 0.02,
    "int8-entropy": 0.03,
    "int8-percentile": 0.02,
    "int8-weights": 0.01,
    "int8-dynamic": 0.02,
    "int16x8": 0.01,
    "mixed": 0.03,
    "int4": 0.03,
    "int4-uniform": 0.12,
    "int4-weights": 0.03,
}
BITS = {
    "fp16": (16, 16),
    "int8-weights": (8, 32),
    "int8-dynamic": (8, 32),
    "int16x8": (8, 16),
    "mixed": (4, 8),
    "int4": (4, 8),
    "int4-uniform": (4, 8),
    "int4-weights": (4, 32),
}
FLOAT_ENDS = {"fp16", "int8-weights", "int8-dynamic", "int4-weights"}
BUILD_ALL = """
import hashlib, json, sys
from pathlib import Path
from tierbench.harness.recipe import Calibration
from tierbench.models.defect import data
from tierbench.models.recipes import RECIPES
images = data.as_input(data.DATA.samples("calibration", 12))
samples = Calibration(sha256="few", load=lambda: {"input": images})
found = {}
for name, recipe in RECIPES.items():
    for format in recipe.formats:
        source = Path(data.__file__).with_name(f"defect.{format}")
        path = recipe.build(source, format, samples, Path(sys.argv[1])).path
        found[f"{name} {format}"] = hashlib.sha256(path.read_bytes()).hexdigest()
print(json.dumps(found))
"""

each = pytest.mark.parametrize(("name", "format"), ALL)


def test_every_recipe_is_found_by_its_own_name():
    points = {point.name: point for point in entry_points(group="tierbench.recipes")}
    for name, recipe in RECIPES.items():
        assert points[name].load() is recipe
        assert recipe.name == name
        assert recipe.formats == (("onnx",) if name in ONNX_ONLY else FORMATS)
        assert recipe.summary


def test_a_format_that_lacks_says_why():
    for name in ONNX_ONLY:
        recipe = RECIPES[name]
        why = "TensorRT" if name == "int8-symmetric" else "ai-edge-quantizer"
        with pytest.raises(NotFound, match=f"'{name}' 'tflite': {why}"):
            recipe.calibrated("tflite")


def test_importing_them_stays_light():
    heavy = {"numpy", "onnx", "onnxruntime", "ai_edge_litert", "ai_edge_quantizer"}
    code = f"import sys, tierbench.models.recipes; print({heavy!r} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_two_processes_build_files_equal_to_the_last_byte(tmp_path):
    found = []
    for seed in ("1", "2"):  # the order of sets must decide nothing
        done = subprocess.run(
            [sys.executable, "-c", BUILD_ALL, str(tmp_path / seed)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        found.append(json.loads(done.stdout))
    assert len(found[0]) == len(ALL)
    assert len(set(found[0].values())) == len(ALL)
    assert found[0] == found[1]


@each
def test_bits_are_those_of_the_file(built, name, format):
    variant = built(name, format)
    profile = inspect_model(variant.path)
    bits = (16, 32) if (name, format) == ("fp16", "tflite") else BITS.get(name, (8, 8))
    assert (variant.weight_bits, variant.activation_bits) == bits
    assert (profile.weight_bits, profile.activation_bits) == bits


@each
def test_parameters_and_work_are_those_of_the_source(built, name, format):
    source = inspect_model(built("fp32", format).path)
    profile = inspect_model(built(name, format).path)
    # A scale for each channel of a dense layer counts where it is multiplied with.
    more = 8 if (name, format) == ("int8-dynamic", "onnx") else 0
    assert profile.parameters == source.parameters + more == 53_672 + more
    assert profile.macs == source.macs


@each
def test_activations_shrink_with_their_width(built, name, format):
    source = inspect_model(built("fp32", format).path).peak_activation_bytes
    profile = inspect_model(built(name, format).path)
    if (name, format) == (
        "int8-dynamic",
        "onnx",
    ):  # 32-bit sums lie beside 8-bit copies
        assert source < profile.peak_activation_bytes < 1.5 * source
    else:
        assert profile.peak_activation_bytes == source * profile.activation_bits // 32


@each
def test_inputs_and_outputs_keep_their_names_and_are_of_the_promised_type(
    built, name, format
):
    profile = inspect_model(built(name, format).path)
    ends = (*profile.inputs, *profile.outputs)
    assert [end.name for end in ends] == ["input", "probabilities"]
    is_float = format == "onnx" or name in FLOAT_ENDS
    kind = "float32" if is_float else "int16" if name == "int16x8" else "int8"
    assert {end.dtype for end in ends} == {kind}
    parameters = built(name, format).lineage[-1]["parameters"]
    assert parameters["inputs and outputs"] == kind


@each
def test_file_is_a_fraction_of_its_source(built, name, format):
    small, large = built(name, format).path, built("fp32", format).path
    most = 0.54 if name == "fp16" else 0.31 if BITS.get(name, (8,))[0] == 4 else 0.45
    assert small.stat().st_size < most * large.stat().st_size


def test_per_tensor_and_four_bits_are_smaller_than_per_channel(built):
    for format in FORMATS:
        sizes = {
            name: built(name, format).path.stat().st_size
            for name in ("int8", "int8-per-tensor", "int4")
        }
        assert sizes["int8-per-tensor"] < 0.9 * sizes["int8"]
        assert sizes["int4"] < 0.75 * sizes["int8"]


@each
def test_little_is_lost(built, probabilities, evaluation, name, format):
    full = probabilities("fp32", format).argmax(axis=1)
    small = probabilities(name, format).argmax(axis=1)
    lost = (full == evaluation.labels).mean() - (small == evaluation.labels).mean()
    assert lost < LOST_MAX[name]
    assert (full == small).mean() > (0.8 if name == "int4-uniform" else 0.9)


@each
def test_batch_stays_free(built, evaluation, probabilities, name, format):
    images = evaluation.inputs["input"][:8]
    alone = probabilities(name, format)[:8]
    path = built(name, format).path
    if format == "onnx":
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        single = [session.run(None, {"input": image[None]})[0] for image in images]
        together = session.run(None, {"input": images})[0]
        # What is scaled at every call depends on the whole batch.
        close = 0.5 if name == "int8-dynamic" else 1e-5
        np.testing.assert_allclose(np.concatenate(single), together, atol=close)
        np.testing.assert_allclose(together, alone, atol=close)
    else:
        interpreter = Interpreter(model_path=str(path), num_threads=1)
        (given,) = interpreter.get_input_details()
        interpreter.resize_tensor_input(given["index"], images.shape)
        interpreter.allocate_tensors()
        interpreter.invoke()
        (made,) = interpreter.get_output_details()
        assert list(made["shape"]) == [8, 8]


@each
def test_other_content_is_refused(tmp_path, name, format):
    source = tmp_path / f"net.{format}"
    source.write_bytes(b"no model at all")
    samples = Calibration(sha256="0" * 64, load=lambda: {"input": np.zeros((9, 4))})
    with pytest.raises(ModelError, match=f"'{name}' cannot be applied to"):
        RECIPES[name].build(source, format, samples, tmp_path / "cache")


@each
def test_what_is_quantised_already_is_refused(
    built, calibration, tmp_path, name, format
):
    samples = Calibration(sha256="0" * 64, load=lambda: {"input": calibration[:9]})
    for before in ("fp16", "int8"):
        source = built(before, format).path
        with pytest.raises(ModelError, match="quantised already; give the fp32 file"):
            RECIPES[name].build(source, format, samples, tmp_path / "cache")


@each
def test_building_says_nothing(built, calibration, tmp_path, capfd, name, format):
    samples = Calibration(sha256="0" * 64, load=lambda: {"input": calibration[:9]})
    source: Path = built("fp32", format).path
    RECIPES[name].build(source, format, samples, tmp_path)
    assert capfd.readouterr() == ("", "")


def test_result_does_not_depend_on_the_order_of_the_samples(
    built, calibration, tmp_path
):
    found = set()
    for step in (1, -1):
        images = calibration[:40][::step]
        samples = Calibration(sha256=str(step), load=lambda x=images: {"input": x})
        for format in FORMATS:
            source = built("fp32", format).path
            path = RECIPES["int8"].build(source, format, samples, tmp_path).path
            found.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(found) == len(FORMATS)
