from __future__ import annotations

import hashlib

import pytest

from tierbench.harness.artifacts import Artifacts
from tierbench.harness.errors import StoreError

CONTENT = b"weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def artifacts(tmp_path):
    return Artifacts(tmp_path / "kept")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(CONTENT)
    return path


def test_a_file_comes_back_by_its_content(artifacts, source):
    assert not artifacts.has(SHA256)
    assert artifacts.put(source) == SHA256
    assert artifacts.has(SHA256)
    place = artifacts.path(SHA256)
    assert place.read_bytes() == CONTENT
    assert place.relative_to(artifacts.directory).parts == (SHA256[:2], SHA256[2:])


def test_putting_it_twice_keeps_one(artifacts, source):
    artifacts.put(source)
    artifacts.put(source)
    kept = [path for path in artifacts.directory.rglob("*") if path.is_file()]
    assert kept == [artifacts.path(SHA256)]


def test_a_damaged_file_is_refused_and_healed_by_putting_it_again(artifacts, source):
    artifacts.put(source)
    artifacts.path(SHA256).write_bytes(b"weightz" * 1000)
    with pytest.raises(StoreError, match="is damaged"):
        artifacts.path(SHA256)
    artifacts.put(source)
    assert artifacts.path(SHA256).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "name",
    ["", "../../etc/passwd", SHA256.upper(), SHA256 + "\n", SHA256[:-1], "é" * 64],
)
def test_what_is_no_sha256_never_becomes_a_path(artifacts, name):
    for act in (artifacts.path, artifacts.has):
        with pytest.raises(StoreError, match="no sha256"):
            act(name)


def test_an_absent_file_is_named(artifacts):
    with pytest.raises(StoreError, match=SHA256):
        artifacts.path(SHA256)


@pytest.mark.parametrize("source", ["absent", "."])
def test_what_cannot_be_read_leaves_nothing_behind(artifacts, tmp_path, source):
    with pytest.raises(StoreError, match="cannot be kept"):
        artifacts.put(tmp_path / source)
    assert list(artifacts.directory.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(source):
    with pytest.raises(StoreError, match="cannot be kept"):
        Artifacts(source).put(source)
