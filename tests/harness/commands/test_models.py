"""``tierbench models``, with a small model and a recipe that merely copies."""

import hashlib
import json
import shutil
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from support.models import write_linear
from support.plans import write_model

from tierbench.harness import registry
from tierbench.harness.errors import InputError, ModelError, NotFound
from tierbench.harness.model import BuiltVariant

SHA256 = "ab" * 32


class Model:
    """A reference model with a variant that one of its formats lacks."""

    name = "small"
    task = "addition"
    formats = ("onnx", "tflite")
    variants = ("fp32", "odd")
    chains = ("longer",)
    evaluation_sha256 = SHA256

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check(self, variant):
        if variant not in (*self.variants, *self.chains):
            raise NotFound("variant of model 'small'", variant, self.variants)

    def build(self, variant, format, cache):
        self.check(variant)
        if variant == "longer" and (self._folder / "broken").exists():
            raise ModelError("variant 'longer': it broke")
        if format != "onnx":
            raise NotFound(f"format of variant {variant!r}", format, ["onnx"])
        path = write_model(self._folder, constant=1.0 + len(variant))
        step = {"step": "training", "classes": ["a", "b"]}
        return BuiltVariant(
            path=path,
            recipe=variant,
            weight_bits=32,
            activation_bits=32,
            lineage=(step, {"step": "recipe", "recipe": variant}),
        )


class Waiting:
    """A technique as it is listed."""

    name = "wait"
    summary = "take longer"
    takes = "a number"


class Copying:
    """A recipe that writes down the samples it was given beside a copy."""

    name = "copy"
    summary = "nothing at all"
    formats = ("onnx",)
    reasons: ClassVar = {"tflite": "too flat"}

    def calibrated(self, format):
        return True

    def build(self, source, format, calibration, cache):
        if calibration is None:
            raise InputError("recipe 'copy' needs calibration samples")
        path = cache / "copied.onnx"
        shutil.copyfile(source, path)
        total = {name: float(x.sum()) for name, x in calibration.load().items()}
        step = {"step": "recipe", "total": total, "sha256": calibration.sha256}
        return BuiltVariant(
            path=path,
            recipe=self.name,
            weight_bits=8,
            activation_bits=8,
            lineage=(step,),
        )


@pytest.fixture(autouse=True)
def installed(folder, tmp_path_factory, monkeypatch):
    """Install the model and the recipe, and nothing else."""
    stock = sys.modules[__name__]
    monkeypatch.setattr(
        stock, "MODEL", Model(tmp_path_factory.mktemp("stock")), raising=False
    )
    monkeypatch.setattr(stock, "RECIPE", Copying(), raising=False)
    monkeypatch.setattr(stock, "TECHNIQUE", Waiting(), raising=False)
    monkeypatch.setitem(sys.modules, "stock_of_models", stock)
    points = {
        registry.MODELS: {"small": "MODEL"},
        registry.RECIPES: {"copy": "RECIPE"},
        registry.TECHNIQUES: {"wait": "TECHNIQUE"},
    }
    known = registry._points
    monkeypatch.setattr(
        registry,
        "_points",
        lambda group: (
            {
                name: EntryPoint(name, f"stock_of_models:{value}", group)
                for name, value in points[group].items()
            }
            if group in points
            else known(group)
        ),
    )


@pytest.fixture
def samples(folder):
    np.savez(folder / "samples.npz", input=np.ones((9, 4)), labels=np.arange(9))
    return folder / "samples.npz"


def test_list_tells_models_and_recipes(call) -> None:
    said = call("models", "list")
    assert (said.status, said.err) == (0, "")
    models, recipes, techniques = said.out.split("\n\n")
    assert models.splitlines()[1].split() == [
        *("small", "addition", "onnx,", "tflite", "4", "fp32,", "odd", "longer")
    ]
    assert recipes.split() == [
        *("name", "formats", "calibrated", "summary"),
        *("copy", "onnx", "onnx", "nothing", "at", "all"),
    ]
    assert techniques.split() == [
        *("name", "value", "summary"),
        *("wait", "a", "number", "take", "longer"),
    ]


def test_list_has_a_machines_view(call) -> None:
    found = json.loads(call("models", "list", "--json").out)
    assert found == {
        "models": [
            {
                "name": "small",
                "task": "addition",
                "formats": ["onnx", "tflite"],
                "parameters": 4,
                "variants": ["fp32", "odd"],
                "chains": ["longer"],
            }
        ],
        "recipes": [
            {
                "name": "copy",
                "formats": ["onnx"],
                "calibrated": ["onnx"],
                "summary": "nothing at all",
            }
        ],
        "techniques": [{"name": "wait", "value": "a number", "summary": "take longer"}],
        "broken": [],
    }


def test_list_tells_a_broken_plug_in_and_all_others(call, monkeypatch) -> None:
    def refuse(format):
        raise RuntimeError("no such tool\x1b[2J")

    recipe = sys.modules[__name__].RECIPE  # type: ignore[attr-defined]
    monkeypatch.setattr(recipe, "calibrated", refuse)
    monkeypatch.delattr(sys.modules[__name__], "MODEL")
    said = call("models", "list")
    assert said.status == 0
    assert said.out.splitlines()[:2] == ["", ""]
    model, recipe = said.err.splitlines()
    assert model.startswith("small: tierbench.models 'small' cannot be loaded from ")
    assert recipe == (
        r"copy: RuntimeError: no such tool\x1b[2J; "
        "reinstall the package that offers it"
    )
    found = json.loads(call("models", "list", "--json").out)
    assert (found["models"], found["recipes"]) == ([], [])
    assert len(found["techniques"]) == 1
    assert [row["name"] for row in found["broken"]] == ["small", "copy"]


def test_show_counts_weights_beside_the_file(call, folder) -> None:
    path = write_linear(
        folder / "wide.onnx", np.eye(64), save_as_external_data=True, size_threshold=0
    )
    beside = next(file for file in folder.iterdir() if file.stat().st_size == 64 * 256)
    first = json.loads(call("models", "show", str(path), "--json").out)
    assert first["size_bytes"] == path.stat().st_size + beside.stat().st_size
    beside.write_bytes(b"\0" * beside.stat().st_size)
    changed = json.loads(call("models", "show", str(path), "--json").out)
    assert changed["sha256"] != first["sha256"]


def test_build_makes_all_that_there_is_and_says_what_there_is_not(call) -> None:
    rows = json.loads(call("models", "build", "small", "--json").out)
    assert [(row["variant"], row["format"], row["status"]) for row in rows] == [
        ("fp32", "onnx", "built"),
        ("fp32", "tflite", "inapplicable"),
        ("odd", "onnx", "built"),
        ("odd", "tflite", "inapplicable"),
        ("longer", "onnx", "built"),
        ("longer", "tflite", "inapplicable"),
    ]
    assert rows[0]["reason"] is None
    assert rows[3] == {
        "model": "small",
        "variant": "odd",
        "format": "tflite",
        "status": "inapplicable",
        "reason": "no format of variant 'odd' 'tflite'; known: onnx",
    }


def test_without_a_model_it_builds_all_of_all(call) -> None:
    said = call("models", "build")
    assert said.status == 0
    there, missing = said.out.split("\n\n")
    assert [line.split()[:3] for line in there.splitlines()] == [
        ["model", "variant", "format"],
        ["small", "fp32", "onnx"],
        ["small", "odd", "onnx"],
        ["small", "longer", "onnx"],
    ]
    assert [line.split()[1:4] for line in missing.splitlines()] == [
        ["variant", "format", "status"],
        ["fp32", "tflite", "inapplicable"],
        ["odd", "tflite", "inapplicable"],
        ["longer", "tflite", "inapplicable"],
    ]
    assert "no format of variant 'odd' 'tflite'" in missing
    assert said.err == ""


def test_one_that_fails_is_told_and_the_others_are_built(call) -> None:
    model = sys.modules[__name__].MODEL  # type: ignore[attr-defined]
    (model._folder / "broken").touch()
    said = call("models", "build", "--format", "onnx", "--json")
    assert said.status == 1
    rows = json.loads(said.out)
    assert [row["status"] for row in rows] == ["built", "built", "failed"]
    assert rows[2]["reason"] == "variant 'longer': it broke"
    assert "small longer onnx failed: variant 'longer': it broke" in said.err


def test_what_was_named_and_does_not_apply_is_no_success(call) -> None:
    arguments = ["--variant", "odd", "--variant", "fp32", "--format", "onnx"]
    assert call("models", "build", "small", *arguments).status == 0
    model = sys.modules[__name__].MODEL  # type: ignore[attr-defined]
    (model._folder / "broken").touch()
    arguments = ["--variant", "odd", "--variant", "longer"]
    assert call("models", "build", "small", *arguments).status == 1


def test_build_copies_each_file_with_its_lineage(call, folder) -> None:
    said = call("models", "build", "small", "--out", "a/b", "--json")
    rows = [row for row in json.loads(said.out) if row["status"] == "built"]
    assert sorted(path.name for path in (folder / "a/b").iterdir()) == [
        "small-fp32.onnx",
        "small-fp32.onnx.json",
        "small-longer.onnx",
        "small-longer.onnx.json",
        "small-odd.onnx",
        "small-odd.onnx.json",
    ]
    for row in rows:
        content = Path(row["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert len(content) == row["size_bytes"]
        beside = json.loads(Path(f"{row['path']}.json").read_text())
        assert beside == {key: row[key] for key in row if key != "path"}
        assert [step["step"] for step in beside["lineage"]] == ["training", "recipe"]


def test_build_makes_variants_of_a_file(call, folder, samples) -> None:
    said = call("models", "build", "model.onnx", "--calibration", samples, "--json")
    (row,) = json.loads(said.out)
    assert (row["model"], row["variant"], row["format"]) == ("model", "copy", "onnx")
    content = (folder / "model.onnx").read_bytes()
    assert row["lineage"] == [
        {
            "step": "file",
            "name": "model.onnx",
            "sha256": hashlib.sha256(content).hexdigest(),
        },
        {
            "step": "recipe",
            "total": {"input": 36.0},
            "sha256": hashlib.sha256(samples.read_bytes()).hexdigest(),
        },
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["small", "--variant", "odds"], "'odds'; known: fp32, odd; did you mean"),
        (["--calibration", "a.npz"], "which brings its own samples"),
        (["small", "--format", "tflite"], "'tflite'; known: onnx"),
        (
            ["smal"],
            "no reference model or .onnx, .tflite or .hef file 'smal'; known: small",
        ),
        (["absent.onnx"], "absent.onnx': cannot be read"),
        (["model.onnx"], "needs calibration samples"),
        (["model.onnx", "--variant", "int9"], "no recipe 'int9'; known: copy"),
        (["model.onnx", "--format", "tflite"], "'tflite'; known: onnx"),
        (["model.onnx", "--calibration", "absent.npz"], "'absent.npz'"),
        (["small", "--calibration", "a.npz"], "which brings its own samples"),
        (["small", "--out", "model.onnx/x"], "name another folder"),
    ],
)
def test_what_cannot_be_built_is_one_line(call, arguments, told) -> None:
    said = call("models", "build", *arguments)
    assert (said.status, said.out) == (2, "")
    assert told in said.err
    assert said.err.count("\n") == 1


def test_samples_of_another_shape_are_refused(call, folder) -> None:
    np.savez(folder / "wrong.npz", input=np.ones((3, 5)))
    said = call("models", "build", "model.onnx", "--calibration", "wrong.npz")
    assert said.status == 2
    assert "has the shape (5,); the model takes (4,)" in said.err


def test_show_tells_all_of_a_variant(call) -> None:
    lines = call("models", "show", "small", "--variant", "odd").out.splitlines()
    assert lines[:3] == ["model: small", "task: addition", "variants: fp32, odd"]
    assert f"evaluation_sha256: {SHA256}" in lines
    assert "  parameters: 4" in lines
    assert "  peak_activation_bytes: 32" in lines
    at = lines.index("lineage:")
    assert lines[at + 1 : at + 5] == [
        "  - step: training",
        "    classes: a, b",
        "  - step: recipe",
        "    recipe: odd",
    ]


def test_show_has_a_machines_view(call) -> None:
    found = json.loads(call("models", "show", "small", "--json").out)
    assert (found["variant"], found["profile"]["parameters"]) == ("fp32", 4)
    assert found["profile"]["macs_total"] == 0


def test_show_tells_what_a_file_holds(call, folder) -> None:
    found = json.loads(call("models", "show", "model.onnx", "--json").out)
    assert found.keys() == {"file", "size_bytes", "sha256", "profile"}
    assert found["profile"]["operators"] == {"Add": 1}
    assert found["profile"]["inputs"][0]["shape"] == [-1, 4]


def test_a_file_has_no_variants_to_show(call) -> None:
    said = call("models", "show", "model.onnx", "--variant", "copy")
    assert said.status == 2
    assert "tierbench models build" in said.err


def test_without_a_command_it_shows_help(call) -> None:
    said = call("models")
    assert said.status == 2
    assert all(
        name in said.out + said.err for name in ("build", "list", "rebuild", "show")
    )
