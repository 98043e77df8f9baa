from dataclasses import replace

import numpy as np
import pytest
from support.models import write_linear

from tierbench.harness.errors import (
    DataError,
    InfrastructureError,
    InputError,
    ModelError,
    NotFound,
)
from tierbench.harness.recipe import Calibration, Recipe
from tierbench.models.recipes import Conversion, FileRecipe

SAMPLES = np.linspace(0, 1, 8, dtype=np.float32)


def double(source, samples, out):
    out.write_bytes(2 * source.read_bytes() + samples["x"].tobytes())


def keep(source, samples, out):
    assert samples == {}
    out.write_bytes(source.read_bytes())


def refuse(source, samples, out):
    raise AssertionError("applied again")


def fail(source, samples, out):
    out.write_bytes(b"half")
    raise RuntimeError("no such operator")


CONVERSION = Conversion(
    weight_bits=4,
    activation_bits=8,
    calibrated=True,
    tools=("numpy",),
    parameters={"times": 2},
    apply=double,
)
CALIBRATION = Calibration(sha256="ab" * 32, load=lambda: {"x": SAMPLES})


def recipe(name="double", **changes):
    return FileRecipe(name, "twice", {"bin": replace(CONVERSION, **changes)})


def build(recipe, source, cache, calibration=CALIBRATION):
    return recipe.build(source, "bin", calibration, cache)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "net.bin"
    path.write_bytes(b"weights")
    return path


def test_it_fits_the_protocol():
    typed: Recipe = recipe()
    assert (typed.name, typed.summary, typed.formats) == ("double", "twice", ("bin",))
    assert typed.calibrated("bin")


def test_result_lies_in_the_cache_and_nothing_else_does(source, tmp_path):
    cache = tmp_path / "made" / "on demand"
    built = build(recipe(), source, cache)
    assert built.path.read_bytes() == b"weightsweights" + SAMPLES.tobytes()
    assert list(cache.iterdir()) == [built.path]
    assert built.path.name.startswith("net-double-")
    assert built.path.suffix == ".bin"


def test_result_says_what_was_done(source, tmp_path):
    built = build(recipe(), source, tmp_path / "cache")
    assert (built.recipe, built.weight_bits, built.activation_bits) == ("double", 4, 8)
    (step,) = built.lineage
    assert step["step"] == "recipe"
    assert step["parameters"] == {"times": 2}
    assert step["tools"] == {"numpy": np.__version__}
    assert step["calibration_sha256"] == CALIBRATION.sha256


def test_second_build_neither_draws_nor_applies(source, tmp_path):
    first = build(recipe(), source, tmp_path / "cache")

    def undrawn():
        raise AssertionError("drawn again")

    again = Calibration(sha256=CALIBRATION.sha256, load=undrawn)
    assert build(recipe(apply=refuse), source, tmp_path / "cache", again) == first


def test_whatever_decides_the_content_decides_the_name(source, tmp_path):
    cache = tmp_path / "cache"
    other = tmp_path / "other" / "net.bin"
    other.parent.mkdir()
    other.write_bytes(b"other weights")
    paths = {
        build(recipe(), source, cache).path,
        build(recipe(), other, cache).path,
        build(recipe(), source, cache, replace(CALIBRATION, sha256="cd" * 32)).path,
        build(recipe(parameters={"times": 3}), source, cache).path,
        build(recipe(tools=("numpy", "scipy")), source, cache).path,
        build(recipe(name="twice"), source, cache).path,
    }
    assert len(paths) == 6


def test_what_other_code_made_is_made_again(source, tmp_path, monkeypatch):
    first = build(recipe(), source, tmp_path / "cache")
    monkeypatch.setattr(
        "tierbench.models.recipes.recipe._code_sha256", lambda: "cd" * 32
    )
    second = build(recipe(), source, tmp_path / "cache")
    assert first.path.name != second.path.name
    assert second.lineage[0]["code_sha256"] == "cd" * 32


def test_where_the_source_lies_does_not_decide_the_name(source, tmp_path):
    moved = tmp_path / "elsewhere" / "net.bin"
    moved.parent.mkdir()
    moved.write_bytes(source.read_bytes())
    first = build(recipe(), source, tmp_path / "a")
    second = build(recipe(), moved, tmp_path / "b")
    assert first.path.name == second.path.name


def test_weights_beside_the_source_decide_the_name_too(tmp_path):
    source = write_linear(
        tmp_path / "net.onnx",
        np.eye(64),
        save_as_external_data=True,
        location="net.data",
        size_threshold=0,
    )
    made, cache = recipe(apply=double), tmp_path / "cache"
    first = build(made, source, cache)
    (tmp_path / "net.data").write_bytes(np.ones((64, 64), np.float32).tobytes())
    second = build(made, source, cache)
    assert first.path != second.path
    (was,), (now,) = (
        built.lineage[0]["external_sha256"].items() for built in (first, second)
    )
    assert was[0] == now[0] == "net.data"
    assert was[1] != now[1]


def test_samples_that_are_not_needed_change_nothing(source, tmp_path):
    plain = recipe(calibrated=False, apply=keep)
    built = build(plain, source, tmp_path / "cache")
    assert build(plain, source, tmp_path / "cache", None) == built
    assert built.lineage[0]["calibration_sha256"] is None


def test_samples_that_are_needed_are_asked_for(source, tmp_path):
    with pytest.raises(InputError, match=r"'double' needs calibration samples for"):
        build(recipe(), source, tmp_path / "cache", None)
    assert not (tmp_path / "cache").exists()


def test_unknown_format_names_the_known_ones(source, tmp_path):
    known = "no format of recipe 'double' 'tar'; known: bin"
    with pytest.raises(NotFound, match=known):
        recipe().build(source, "tar", CALIBRATION, tmp_path)
    with pytest.raises(NotFound, match=known):
        recipe().calibrated("tar")


def test_failure_is_one_line_and_leaves_nothing(source, tmp_path):
    cache = tmp_path / "cache"
    with pytest.raises(ModelError) as caught:
        build(recipe(apply=fail), source, cache)
    assert "recipe 'double' cannot be applied to" in str(caught.value)
    assert "RuntimeError: no such operator" in str(caught.value)
    assert list(cache.iterdir()) == []


def test_error_of_the_data_passes_unchanged(source, tmp_path):
    def load():
        raise DataError("other images")

    wrong = Calibration(sha256="ab" * 32, load=load)
    with pytest.raises(DataError, match=r"^other images$"):
        build(recipe(), source, tmp_path / "cache", wrong)


def test_missing_source_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.bin': cannot be read: No such"):
        build(recipe(), tmp_path / "absent.bin", tmp_path / "cache")


def test_missing_tool_is_named_with_the_remedy(source, tmp_path):
    with pytest.raises(InfrastructureError, match=r"'no-such-distribution'.*\[host\]"):
        build(recipe(tools=("no-such-distribution",)), source, tmp_path / "cache")


def test_unusable_cache_is_named(source):
    with pytest.raises(InfrastructureError, match="give a folder"):
        build(recipe(), source, source / "cache")
