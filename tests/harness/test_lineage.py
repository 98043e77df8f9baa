"""Lineages are read from files that anybody may have written."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.harness.errors import InputError
from tierbench.harness.lineage import read_lineage

A, B, C = ("a" * 64, "b" * 64, "c" * 64)
SETTINGS = {"seed": 1, "epochs": 2, "batch": 64, "learning_rate_max": 1e-3}


def content(**changed):
    return {
        "model": "defect",
        "variant": "finetune > int8",
        "format": "onnx",
        "sha256": C,
        "lineage": [
            {"step": "training", "model": "defect"},
            {
                "step": "technique",
                "technique": "finetune",
                "settings": SETTINGS,
                "parent_sha256": A,
            },
            {"step": "export", "parent_sha256": B},
            {"step": "recipe", "recipe": "int8", "source_sha256": B},
        ],
        **changed,
    }


def read(folder, value):
    path = folder / "lineage.json"
    path.write_text(json.dumps(value))
    return read_lineage(path)


def test_what_was_recorded_is_read(tmp_path) -> None:
    found = read(tmp_path, content())
    assert (found.model, found.variant, found.format) == (
        "defect",
        "finetune > int8",
        "onnx",
    )
    assert found.settings == [SETTINGS]


def test_a_technique_may_name_the_recipe_that_follows(tmp_path) -> None:
    steps = content()["lineage"]
    steps[1]["technique"] = "qat(int8)"
    assert read(tmp_path, content(variant="qat(int8)", lineage=steps))


def changed(number, **keys):
    steps = content()["lineage"]
    steps[number].update(keys)
    return content(lineage=steps)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([content()], "holds list; give the object of one variant"),
        (content(model=3), "'model' is 3"),
        (content(format="exe"), "'format' is 'exe'; it must be onnx or tflite"),
        (content(sha256="../../etc/passwd"), "'sha256' is '../../etc/passwd'"),
        (content(lineage=[]), "'lineage' is []; it must be a list"),
        (content(lineage=[3]), "lineage[0]: 3; it must be an object"),
        (content(variant="int8"), "but the steps are 'finetune > int8'"),
        (content(variant="finetune((("), "step 'finetune((('"),
        (changed(1, technique="finetune(seed=2)"), "one of them was changed"),
        (changed(1, settings={"epochs": 10**9}), "'epochs' is 1000000000; it must be"),
        (changed(1, settings={"epochs": 1.5}), "'epochs' is 1.5"),
        (changed(1, settings={"other": [1]}), "'other' is [1]; give a number or text"),
        (changed(1, settings={"seed": True}), "'seed' is True"),
        (changed(1, settings=None), "'settings' is None"),
        (changed(2, parent_sha256="x"), "lineage[2]: has neither 'parent_sha256'"),
        (changed(3, recipe=["int8"]), "'recipe' is ['int8']"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, value, told) -> None:
    with pytest.raises(InputError) as exc:
        read(tmp_path, value)
    assert told in str(exc.value)
    assert exc.value.exit_status == 2


def test_all_mistakes_are_told_at_once(tmp_path) -> None:
    with pytest.raises(InputError) as exc:
        read(tmp_path, content(model=None, format=1, sha256=2))
    assert len(exc.value.lines) == 3


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "NaN", '"x"', "\xff"])
def test_what_is_no_object_is_refused(tmp_path, text) -> None:
    path = tmp_path / "lineage.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match="lineage"):
        read_lineage(path)


def test_a_file_too_large_or_absent_is_refused(tmp_path) -> None:
    path = tmp_path / "lineage.json"
    with pytest.raises(InputError, match="cannot be read"):
        read_lineage(path)
    path.write_bytes(b" " * 4_000_001)
    with pytest.raises(InputError, match="more than 4000000 bytes"):
        read_lineage(path)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner)
    ),
    max_leaves=5,
)


@given(
    st.sampled_from(["model", "variant", "format", "sha256", "lineage"]),
    st.none() | st.integers(0, 3),
    st.sampled_from(["step", "technique", "settings", "recipe", "parent_sha256"]),
    VALUES,
)
def test_wild_values_are_read_or_refused(tmp_path_factory, key, number, inner, value):
    wild = content(**{key: value})
    if number is not None:
        wild = changed(number, **{inner: value})
    with suppress(InputError):
        read(tmp_path_factory.getbasetemp(), wild)
