import faulthandler
import os
from dataclasses import replace

import numpy as np
import pytest

from tierbench.harness.errors import (
    DataError,
    InfrastructureError,
    InputError,
    ModelError,
)
from tierbench.models.recipes import RECIPES, Calibration, Recipe, build

SAMPLES = np.linspace(0, 1, 8, dtype=np.float32)


def double(source, calibration, out):
    out.write_bytes(2 * source.read_bytes() + calibration.tobytes())


def refuse(source, calibration, out):
    raise AssertionError("applied again")


def fail(source, calibration, out):
    out.write_bytes(b"half")
    raise RuntimeError("no such\noperator")


RECIPE = Recipe(
    name="double",
    format="bin",
    weight_bits=8,
    activation_bits=8,
    tools=("numpy",),
    parameters={"times": 2},
    apply=double,
)
CALIBRATION = Calibration(sha256="ab" * 32, load=lambda: SAMPLES)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "net.bin"
    path.write_bytes(b"weights")
    return path


def test_result_lies_in_the_cache_and_nothing_else_does(source, tmp_path):
    cache = tmp_path / "made" / "on demand"
    path = build(RECIPE, source, CALIBRATION, cache)
    assert path.read_bytes() == b"weightsweights" + SAMPLES.tobytes()
    assert list(cache.iterdir()) == [path]
    assert path.name.startswith("net-double-")
    assert path.suffix == ".bin"


def test_second_build_neither_draws_nor_applies(source, tmp_path):
    first = build(RECIPE, source, CALIBRATION, tmp_path / "cache")

    def undrawn():
        raise AssertionError("drawn again")

    again = Calibration(sha256=CALIBRATION.sha256, load=undrawn)
    assert build(replace(RECIPE, apply=refuse), source, again, first.parent) == first


def test_whatever_decides_the_content_decides_the_name(source, tmp_path):
    cache = tmp_path / "cache"
    other = tmp_path / "other" / "net.bin"
    other.parent.mkdir()
    other.write_bytes(b"other weights")
    paths = {
        build(RECIPE, source, CALIBRATION, cache),
        build(RECIPE, other, CALIBRATION, cache),
        build(RECIPE, source, replace(CALIBRATION, sha256="cd" * 32), cache),
        build(replace(RECIPE, parameters={"times": 3}), source, CALIBRATION, cache),
        build(replace(RECIPE, tools=("numpy", "scipy")), source, CALIBRATION, cache),
        build(replace(RECIPE, name="twice"), source, CALIBRATION, cache),
    }
    assert len(paths) == 6


def test_where_the_source_lies_does_not_decide_the_name(source, tmp_path):
    moved = tmp_path / "elsewhere" / "net.bin"
    moved.parent.mkdir()
    moved.write_bytes(source.read_bytes())
    first = build(RECIPE, source, CALIBRATION, tmp_path / "a")
    second = build(RECIPE, moved, CALIBRATION, tmp_path / "b")
    assert first.name == second.name


def test_failure_is_one_line_and_leaves_nothing(source, tmp_path):
    cache = tmp_path / "cache"
    with pytest.raises(ModelError) as caught:
        build(replace(RECIPE, apply=fail), source, CALIBRATION, cache)
    assert "recipe 'double' cannot be applied to" in str(caught.value)
    assert "RuntimeError: no such operator" in str(caught.value)
    assert list(cache.iterdir()) == []


def test_a_tool_that_crashes_is_an_error_of_ours(source, tmp_path):
    def crash(source, samples, out):
        faulthandler.disable()  # pytest's would show the stack amid its own output
        os.abort()

    with pytest.raises(ModelError, match="it ended with status -6"):
        build(replace(RECIPE, apply=crash), source, CALIBRATION, tmp_path / "cache")


def test_what_a_tool_prints_reaches_nobody(source, tmp_path, capfd):
    def chat(source, samples, out):
        os.write(1, b"hello")
        os.write(2, b"world")
        double(source, samples, out)

    build(replace(RECIPE, apply=chat), source, CALIBRATION, tmp_path / "cache")
    assert capfd.readouterr() == ("", "")


def test_error_of_the_data_passes_unchanged(source, tmp_path):
    def load():
        raise DataError("other images")

    wrong = Calibration(sha256="ab" * 32, load=load)
    with pytest.raises(DataError, match="other images"):
        build(RECIPE, source, wrong, tmp_path / "cache")


def test_missing_source_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.bin': cannot be read: No such"):
        build(RECIPE, tmp_path / "absent.bin", CALIBRATION, tmp_path / "cache")


def test_missing_tool_is_named_with_the_remedy(source, tmp_path):
    recipe = replace(RECIPE, tools=("no-such-distribution",))
    with pytest.raises(InfrastructureError, match=r"'no-such-distribution'.*\[host\]"):
        build(recipe, source, CALIBRATION, tmp_path / "cache")


def test_unusable_cache_is_named(source):
    with pytest.raises(InfrastructureError, match="give a folder"):
        build(RECIPE, source, CALIBRATION, source / "cache")


def test_every_recipe_is_found_by_its_own_name_and_format():
    assert {key: (r.name, r.format) for key, r in RECIPES.items()} == {
        key: key for key in RECIPES
    }
    assert set(RECIPES) == {("int8", "onnx"), ("int8", "tflite")}
