"""Where evaluation data come from, and what their hash depends on."""

from pathlib import Path

import numpy as np
import pytest
from support.photos import write_photos

from tierbench.harness.errors import DataError
from tierbench.harness.hashing import file_sha256
from tierbench.harness.sources import evaluation_origin, path_origin
from tierbench.harness.sweep import ModelRequest
from tierbench.harness.values import TensorSpec

FIRST = (TensorSpec(name="x", dtype="float32", shape=(-1, 1, 4, 5)),)
LAST = (TensorSpec(name="y", dtype="float32", shape=(1, 4, 5, 1)),)
PIXELS = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)


def request(**fields) -> ModelRequest:
    empty = {"use": None, "path": None, "data_use": None, "data_path": None}
    return ModelRequest(**{"name": "m", "variants": (), **empty, **fields})


def source(**fields):
    origin = evaluation_origin(request(**fields))
    assert origin is not None
    return origin.source(FIRST)


def arrays(path: Path, labels) -> Path:
    np.savez(path, x=PIXELS[:, None].astype(np.float32), labels=np.array(labels))
    return path


def test_a_file_without_data_has_none() -> None:
    assert evaluation_origin(request()) is None


def test_arrays_are_the_same_for_every_input(tmp_path: Path) -> None:
    path = arrays(tmp_path / "d.npz", [0, 1, 1])
    origin = evaluation_origin(request(data_path=path))
    assert origin is not None
    assert origin.source(FIRST) is origin.source(LAST)
    found = origin.source(FIRST)
    assert (found.name, found.sha256, found.made) == ("d.npz", file_sha256(path), None)


def test_a_metric_other_than_the_labels_own_is_another_hash(tmp_path: Path) -> None:
    path = arrays(tmp_path / "d.npz", [0, 1, 1])
    plain = source(data_path=path)
    assert source(data_path=path, metric="top1").sha256 == plain.sha256
    others = [source(data_path=path, metric=metric) for metric in ("auc", "mae")]
    assert len({plain.sha256, *(other.sha256 for other in others)}) == 3
    assert [other.data.metric for other in others] == ["auc", "mae"]
    assert others[1].data.labels.tolist() == [0.0, 1.0, 1.0]


def test_a_metric_of_a_reference_model_is_another_hash() -> None:
    plain, other = source(use="defect"), source(use="defect", metric="top2")
    assert plain.sha256 != other.sha256
    assert other.data.metric == "top2"


def test_images_become_what_each_input_asks(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", PIXELS, ["b", "a", "b"])
    origin = path_origin(folder, request(image_mean=(0.5,)), None)
    first, last = origin.source(FIRST), origin.source(LAST)
    wanted = PIXELS / np.float32(255) - np.float32(0.5)
    np.testing.assert_array_equal(first.data.inputs["image"][:, 0], wanted)
    np.testing.assert_array_equal(last.data.inputs["image"][..., 0], wanted)
    assert (first.data.metric, first.data.classes) == ("top1", ("a", "b"))
    assert first.data.labels.tolist() == [1, 0, 1]
    assert first.made is not None
    assert (first.made["mean"], first.made["resized"]) == ([0.5], "none")
    assert len({first.sha256, last.sha256, origin_sha(folder)}) == 3
    assert origin.source(FIRST) is first


def origin_sha(folder: Path) -> str:
    return path_origin(folder, request(), None).source(FIRST).sha256


def test_images_need_labels_for_a_metric(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "photos", PIXELS, ["", "", ""])
    assert path_origin(folder, request(), None).source(FIRST).data.labels is None
    with pytest.raises(DataError, match="no labels, which metric 'top1' needs"):
        path_origin(folder, request(), "top1").source(FIRST)
