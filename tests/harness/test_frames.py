"""Which images a pipeline's workers are shown."""

from types import SimpleNamespace

import numpy as np
import pytest
from support.loads import PIPELINE, SERVER
from support.photos import write_photos

from tierbench.harness.errors import DataError
from tierbench.harness.frames import FRAMES_MAX, show
from tierbench.harness.sources import DataSource
from tierbench.harness.values import TensorSpec

INPUT = TensorSpec(name="x", dtype="int8", shape=(-1, 4, 4, 1), scale=0.5, zero_point=1)


class Watching:
    """A worker that keeps what it is shown."""

    def __init__(self) -> None:
        self.shown = []

    def show(self, images, layout):
        self.shown.append((images, layout))


def planned(source, workload=PIPELINE):
    return SimpleNamespace(case=SimpleNamespace(workload=workload), data=source)


@pytest.fixture
def source(tmp_path):
    pixels = np.zeros((FRAMES_MAX + 3, 4, 4), np.uint8)
    folder = write_photos(tmp_path / "photos", pixels, [0] * len(pixels))
    files = sorted(folder.glob("*.png"))
    return DataSource("photos", "0", lambda: None, {"height": 4}, files)


def test_the_first_images_are_shown_with_how_they_become_inputs(source) -> None:
    worker = Watching()
    show(worker, planned(source), [INPUT])
    ((images, layout),) = worker.shown
    assert len(images) == FRAMES_MAX
    assert images[0] == source.files[0].read_bytes()
    assert layout == {"height": 4, "scale": 0.5, "zero_point": 1}


def test_the_images_of_a_worker_are_bounded(source, monkeypatch) -> None:
    monkeypatch.setattr("tierbench.harness.frames.BYTES_MAX", 100)
    worker = Watching()
    show(worker, planned(source), [INPUT])
    assert len(worker.shown[0][0]) == 1


def test_only_a_pipeline_is_shown_images(source) -> None:
    worker = Watching()
    show(worker, planned(source, SERVER), [INPUT])
    assert worker.shown == []
    show(worker, planned(None), [])
    assert worker.shown == [((), {})]


def test_an_image_that_has_gone_is_named(source) -> None:
    gone = source.files[0]
    gone.unlink()
    with pytest.raises(DataError, match=gone.name):
        show(Watching(), planned(source), [INPUT])
