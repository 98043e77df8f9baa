"""A variant that is built again: is it the same, and if not from which step on?"""

import json

import pytest
from support.shipped import Shipped

from tierbench.harness.building import Unbuilt
from tierbench.harness.commands.built import Lines, built_row, make_folder
from tierbench.harness.errors import InputError, NotFound
from tierbench.harness.lineage import read_lineage
from tierbench.harness.rebuilding import changes, first_difference, rebuild

HASHES = [digit * 64 for digit in "abcd"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return a variant's file with its lineage beside it."""
    folder = tmp_path_factory.mktemp("kept")
    out = folder / "out"
    make_folder(out)
    shipped = Shipped("bearing", folder / "cache")
    return built_row("bearing", shipped.built("int8", "onnx"), out)


def again(kept, folder, **changed):
    """Build a variant from its lineage, with some of it changed."""
    row = {key: value for key, value in kept.items() if key != "path"} | changed
    path = folder / "bearing-int8.onnx.json"
    path.write_text(json.dumps(row))
    cache = folder / "cache"
    return rebuild(read_lineage(path), path.with_suffix(""), cache, Lines())


def test_the_same_bytes_come_out(kept, tmp_path) -> None:
    found = again(kept, tmp_path)
    assert found.is_identical
    assert found.sha256 == kept["sha256"]
    assert (found.changed, found.outputs) == ((), None)
    assert found.built.path.is_relative_to(tmp_path)


def test_other_bytes_are_told_with_the_step_and_by_how_much(kept, tmp_path) -> None:
    import onnx

    # The file that somebody else built: a weight of it is another one.
    model = onnx.load(kept["path"])
    tensor = max(model.graph.initializer, key=lambda one: len(one.raw_data))
    tensor.raw_data = bytes(byte ^ 64 for byte in tensor.raw_data)
    path = tmp_path / "bearing-int8.onnx"
    onnx.save(model, path)
    import hashlib

    other = hashlib.sha256(path.read_bytes()).hexdigest()
    found = again(kept, tmp_path, sha256=other)
    assert found.first_difference == "step 2 of 2, int8"
    assert found.outputs is not None
    assert found.outputs["largest_difference"] > 0.01
    assert 0 < found.outputs["share_of_other_classes"] <= 1


def test_without_the_file_the_difference_has_no_size(kept, tmp_path) -> None:
    found = again(kept, tmp_path, sha256="ab" * 32)
    assert found.first_difference == "step 2 of 2, int8"
    assert found.outputs is None


def test_another_file_beside_the_lineage_is_refused(kept, tmp_path) -> None:
    (tmp_path / "bearing-int8.onnx").write_bytes(b"else")
    with pytest.raises(InputError, match="is not the one that the lineage tells of"):
        again(kept, tmp_path)


def test_versions_and_code_that_changed_are_named(kept, tmp_path) -> None:
    steps = json.loads(json.dumps(kept["lineage"]))
    steps[1]["tools"]["onnxruntime"] = "0.1"
    steps[1]["code_sha256"] = "ab" * 32
    found = again(kept, tmp_path, lineage=steps)
    assert found.is_identical
    assert any("int8: tools onnxruntime was 0.1, is " in one for one in found.changed)
    assert any("int8: code_sha256 was abababababab" in one for one in found.changed)


def test_a_file_of_somebodys_own_is_not_in_its_lineage(kept, tmp_path) -> None:
    steps = [{"step": "file", "name": "my.onnx"}, kept["lineage"][1]]
    with pytest.raises(InputError, match=r"begins with the file 'my.onnx'.*build FILE"):
        again(kept, tmp_path, lineage=steps)


def test_a_model_that_is_not_installed_is_told(kept, tmp_path) -> None:
    with pytest.raises(NotFound, match="'digits'; known: bearing"):
        again(kept, tmp_path, model="digits")


def test_a_variant_that_the_model_lacks_is_refused(kept, tmp_path) -> None:
    steps = [kept["lineage"][0], {**kept["lineage"][1], "recipe": "int9"}]
    with pytest.raises((InputError, Unbuilt), match="'int9'"):
        again(kept, tmp_path, lineage=steps, variant="int9")


def recorded(tmp_path, hashes, sha256):
    steps = [{"step": "training"}]
    steps += [
        {
            "step": "technique",
            "technique": "finetune",
            "settings": {},
            "parent_sha256": hashes[0],
        },
        {"step": "export", "parent_sha256": hashes[1]},
    ]
    row = {
        "model": "m",
        "variant": "finetune",
        "format": "onnx",
        "sha256": sha256,
        "lineage": steps,
    }
    path = tmp_path / "x.json"
    path.write_text(json.dumps(row))
    return read_lineage(path)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (0, "step 1 of 3, training"),
        (1, "step 2 of 3, finetune"),
        (2, "step 3 of 3, export"),
        (None, None),
    ],
)
def test_the_first_result_that_differs_is_named(tmp_path, changed, told) -> None:
    before = recorded(tmp_path, HASHES[:2], HASHES[2])
    new = [
        HASHES[3] if changed is not None and n >= changed else h
        for n, h in enumerate(HASHES[:3])
    ]
    lineage = recorded(tmp_path, new[:2], new[2]).lineage
    assert first_difference(before, lineage, new[2]) == told


def test_settings_and_data_that_changed_are_named() -> None:
    old = {"step": "technique", "technique": "qat(int8)", "settings": {"epochs": 3}}
    new = {**old, "settings": {"epochs": 4}, "data_sha256": {"training": HASHES[0]}}
    assert list(changes([old], [new])) == [
        "qat(int8): settings epochs was 3, is 4",
        "qat(int8): data_sha256 was None, is {'training':...",
    ]
