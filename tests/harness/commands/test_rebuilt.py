"""``tierbench models rebuild``."""

import json
from pathlib import Path

import pytest


@pytest.fixture
def lineage(call, folder):
    call("models", "build", "bearing", "--variant", "fp16", "--out", "kept")
    return folder / "kept" / "bearing-fp16.onnx.json"


def test_the_same_file_is_built_again(call, folder, lineage) -> None:
    said = call("models", "rebuild", lineage, "--out", "again")
    assert said.status == 0
    first, path = said.out.splitlines()
    assert first.startswith("bearing fp16 onnx: identical, sha256 ")
    assert path == "again/bearing-fp16.onnx"
    names = ("bearing-fp16.onnx", "bearing-fp16.onnx.json")
    for name in names:
        kept = (folder / "kept" / name).read_bytes()
        assert (folder / "again" / name).read_bytes() == kept


def test_another_file_is_status_1_and_says_from_where_on(call, lineage) -> None:
    row = json.loads(lineage.read_text())
    Path(str(lineage).removesuffix(".json")).unlink()
    lineage.write_text(json.dumps({**row, "sha256": "ab" * 32}))
    said = call("models", "rebuild", lineage)
    assert said.status == 1
    assert "differs, sha256" in said.out
    assert "the first result that differs is that of step 2 of 2, fp16" in said.out
    assert "by how much is not known" in said.out
    found = json.loads(call("models", "rebuild", lineage, "--json").out)
    assert found["identical"] is False
    assert (found["outputs"], found["path"]) == (None, None)
    assert found["rebuilt_sha256"] == row["sha256"]


def test_what_is_no_lineage_is_bad_input(call, folder) -> None:
    (folder / "x.json").write_text('{"model": "\x1b[2J"}'.replace("\x1b", "\\u001b"))
    said = call("models", "rebuild", "x.json")
    assert (said.status, said.out) == (2, "")
    assert len(said.err.splitlines()) == 4
    assert "\x1b" not in said.err
