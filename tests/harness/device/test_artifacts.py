"""An artifact is named by all that it depends on, and is there whole or not at all."""

import os

import pytest

from tierbench.harness.device import artifacts
from tierbench.harness.device.session import SessionError


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "model.onnx"
    path.write_bytes(b"weights")
    return path


def test_the_same_name_comes_of_the_same_content_alone(model, tmp_path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(b"weights")
    first = artifacts.path_of(str(model), {"runtime": "10.3", "batch": 1}, ".engine")
    assert first.startswith(str(tmp_path / "cache" / "tierbench"))
    assert first.endswith(".engine")
    same = artifacts.path_of(str(copy), {"batch": 1, "runtime": "10.3"}, ".engine")
    assert same == first
    copy.write_bytes(b"other")
    others = (
        artifacts.path_of(str(copy), {"runtime": "10.3", "batch": 1}, ".engine"),
        artifacts.path_of(str(model), {"runtime": "11.4", "batch": 1}, ".engine"),
        artifacts.path_of(str(model), {"runtime": "10.3", "batch": 8}, ".engine"),
    )
    assert len({first, *others}) == 4


def test_weights_beside_a_model_are_part_of_it(model) -> None:
    alone = artifacts.path_of(str(model), {}, ".engine")
    beside = model.parent / "weights"  # the model's content names it
    found = []
    for content in (b"1", b"2"):
        beside.write_bytes(content)
        found.append(artifacts.path_of(str(model), {}, ".engine"))
    (model.parent / "other").write_bytes(b"nobody names it")
    found.append(artifacts.path_of(str(model), {}, ".engine"))
    assert len({alone, *found}) == 3
    assert found[1] == found[2]


def test_what_is_kept_is_there_whole(model) -> None:
    path = artifacts.path_of(str(model), {}, ".engine")
    artifacts.keep(path, memoryview(b"engine"))
    with open(path, "rb") as file:
        assert file.read() == b"engine"
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]


def test_trouble_names_the_file(model, tmp_path, monkeypatch) -> None:
    with pytest.raises(SessionError, match=r"none\.onnx"):
        artifacts.path_of(str(tmp_path / "none.onnx"), {}, ".engine")
    with pytest.raises(SessionError, match="cannot be written"):
        artifacts.keep(str(tmp_path / "nowhere" / "a.engine"), b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(model))
    with pytest.raises(SessionError, match="set XDG_CACHE_HOME"):
        artifacts.folder()


def test_a_relative_cache_is_ignored(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert artifacts.folder() == str(tmp_path / ".cache" / "tierbench" / "artifacts")
