import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import tierbench.models.defect
from tierbench.harness.errors import DataError, InputError, ModelError, NotFound
from tierbench.models.defect import model
from tierbench.models.recipes import RECIPES
from tierbench.models.reference import Reference

FOLDER = Path(tierbench.models.defect.__file__).parent


def blank(split):
    return np.zeros((4, 64, 64, 1), np.float32), np.zeros(4, np.int64)


def copied(tmp_path):
    return Path(
        shutil.copytree(FOLDER, tmp_path / "defect", ignore=lambda *_: ["__pycache__"])
    )


@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_fp32_is_the_file_that_ships(built, format):
    variant = built("fp32", format)
    assert variant.path == FOLDER / f"defect.{format}"
    assert (variant.weight_bits, variant.activation_bits) == (32, 32)
    assert [step["step"] for step in variant.lineage] == ["training"]
    assert variant.lineage[0]["file"]["name"] == variant.path.name


@pytest.mark.parametrize(
    ("name", "format"),
    [(name, format) for name in RECIPES for format in RECIPES[name].formats],
)
def test_a_variant_leads_back_to_its_source(built, name, format):
    variant = built(name, format)
    training, recipe = variant.lineage
    assert variant.recipe == recipe["recipe"] == name
    assert recipe["source_sha256"] == training["file"]["sha256"]
    drawn = training["data"]["calibration"]["sha256"]
    calibrated = RECIPES[name].calibrated(format)
    assert recipe["calibration_sha256"] == (drawn if calibrated else None)
    json.dumps(variant.lineage)


def test_calibration_is_drawn_when_asked_for_by_input_name(calibration):
    found = model.calibration()
    recorded = json.loads((FOLDER / "lineage.json").read_text(encoding="utf-8"))
    assert found.sha256 == recorded["data"]["calibration"]["sha256"]
    (name, images), *others = found.load().items()
    assert (name, others) == ("input", [])
    np.testing.assert_array_equal(images, calibration)


def test_a_built_variant_is_taken_from_the_cache_undrawn(tmp_path):
    drawn = []

    def draw(split):
        drawn.append(split)
        return tierbench.models.defect._draw(split)

    reference = Reference(name="defect", folder=FOLDER, draw=draw)
    first = reference.build("int8", "onnx", tmp_path)
    stamp = first.path.stat().st_mtime_ns
    second = reference.build("int8", "onnx", tmp_path)
    assert second == first
    assert second.path.stat().st_mtime_ns == stamp
    assert drawn == ["calibration"]


def test_unknown_variant_names_the_known_ones(tmp_path):
    with pytest.raises(NotFound, match=r"'int7'; known: .*, fp16, .*; did yo"):
        model.build("int7", "onnx", tmp_path)


def test_unknown_format_names_the_known_ones(tmp_path):
    with pytest.raises(NotFound, match=r"'gguf'; known: onnx, tflite"):
        model.build("fp32", "gguf", tmp_path)


def test_variant_that_one_format_lacks_names_the_formats_it_has(tmp_path, monkeypatch):
    from tierbench.models import route
    from tierbench.models.recipes import FP16, FileRecipe

    half = FileRecipe("half", "", {"onnx": FP16._conversions["onnx"]})
    monkeypatch.setattr(route, "RECIPES", {"half": half})
    chosen = Reference(name="defect", folder=FOLDER, draw=blank)
    assert chosen.build("half", "onnx", tmp_path).recipe == "half"
    with pytest.raises(NotFound, match=r"format of recipe 'half' 'tflite'; known: onn"):
        chosen.build("half", "tflite", tmp_path)


def test_other_images_than_recorded_are_refused(tmp_path):
    reference = Reference(name="defect", folder=FOLDER, draw=blank)
    with pytest.raises(DataError, match=r"evaluation samples .* install numpy \d"):
        reference.evaluation()
    with pytest.raises(DataError, match="calibration samples"):
        reference.build("int8", "onnx", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_damaged_file_is_refused(tmp_path):
    folder = copied(tmp_path)
    with (folder / "defect.onnx").open("ab") as file:
        file.write(b"\0")
    reference = Reference(name="defect", folder=folder, draw=blank)
    with pytest.raises(ModelError, match=r"defect\.onnx' is damaged"):
        reference.build("fp32", "onnx", tmp_path)


def test_missing_file_is_named(tmp_path):
    folder = copied(tmp_path)
    (folder / "defect.tflite").unlink()
    reference = Reference(name="defect", folder=folder, draw=blank)
    with pytest.raises(InputError, match=r"defect\.tflite': cannot be read: No such"):
        reference.build("fp32", "tflite", tmp_path)
