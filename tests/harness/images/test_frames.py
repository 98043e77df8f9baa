"""Frames on the device: the same inputs as evaluation's, and the best classes."""

import io

import numpy as np
import pytest
from PIL import Image

from tierbench.harness.data import batch_of, fitted
from tierbench.harness.device.session import Session, SessionError
from tierbench.harness.device.wire import Tensor
from tierbench.harness.images import decode
from tierbench.harness.images.frames import ImageCamera
from tierbench.harness.images.layout import image_layout
from tierbench.harness.model import Data
from tierbench.harness.values import TensorSpec


class Fed(Session):
    """A session that keeps what it is fed and has chosen outputs."""

    def __init__(self, spec: TensorSpec, scores: np.ndarray) -> None:
        self.spec = spec
        self.scores = scores
        self.fed: list[np.ndarray] = []

    def inputs(self):
        shape = [1, *self.spec.shape[1:]]
        return [{"name": self.spec.name, "dtype": self.spec.dtype, "shape": shape}]

    def bind(self, tensors):
        (tensor,) = tensors
        array = np.frombuffer(tensor.data, tensor.dtype).reshape(tensor.shape)
        self.fed.append(array.copy())

    def infer(self):
        pass

    def outputs(self):
        return [Tensor("y", str(self.scores.dtype), self.scores.shape, self.scores)]

    def ran(self):
        return {}


def spec(dtype="float32", shape=(-1, 8, 8, 1), scale=None, zero_point=None):
    return TensorSpec(
        name="x", dtype=dtype, shape=shape, scale=scale, zero_point=zero_point
    )


def photos(folder, channels: int = 1) -> list[bytes]:
    """Write a small and a large image and return both files."""
    random = np.random.default_rng(3)
    files = []
    for index, size in enumerate((8, 33)):
        shape = (size, size) if channels == 1 else (size, size, 3)
        image = Image.fromarray(random.integers(0, 256, shape, np.uint8))
        image.save(folder / f"{index}.png")
        files.append((folder / f"{index}.png").read_bytes())
    return files


def camera_of(session: Fed, files, mean=(), std=()) -> ImageCamera:
    layout = image_layout([session.spec], mean, std)
    made = layout.made(0, 1)
    scale = {"scale": session.spec.scale, "zero_point": session.spec.zero_point}
    tensors = [Tensor("", "uint8", (len(file),), file) for file in files]
    return ImageCamera(session, tensors, {**made, **scale})


@pytest.mark.parametrize(
    ("taken", "channels", "mean", "std"),
    [
        (spec(), 1, (), ()),
        (spec(), 1, (0.5,), (0.25,)),
        (spec(shape=(-1, 3, 8, 8)), 3, (0.4, 0.5, 0.6), (0.2,)),
        (spec("float16"), 1, (), ()),
        (spec("uint8"), 1, (), ()),
        (spec("int8", scale=1 / 255, zero_point=-128), 1, (), ()),
        (spec("uint8", (-1, 8, 8, 3), scale=0.01, zero_point=3), 3, (), ()),
    ],
    ids=["grey", "scaled", "colours first", "half", "raw", "int8", "quantised uint8"],
)
def test_frames_are_what_evaluation_takes(tmp_path, taken, channels, mean, std) -> None:
    files = photos(tmp_path, channels)
    layout = image_layout([taken], mean, std)
    pixels = decode(tmp_path, ["0.png", "1.png"], 8, 8, channels).values
    data = Data(
        name="x",
        inputs={"x": layout.array(pixels)},
        labels=None,
        metric=None,
        sha256="",
    )
    expected = batch_of(fitted(data, [taken]), 0, 2, [taken])["x"]
    session = Fed(taken, np.zeros(3, np.float32))
    camera = camera_of(session, files, mean, std)
    for _ in files:
        camera.preprocess()
    found = np.concatenate(session.fed)
    assert found.dtype == taken.dtype
    np.testing.assert_array_equal(found, expected, strict=True)


def test_the_images_come_again_and_again(tmp_path) -> None:
    session = Fed(spec(), np.zeros(3, np.float32))
    camera = camera_of(session, photos(tmp_path))
    for _ in range(5):
        camera.preprocess()
    np.testing.assert_array_equal(session.fed[0], session.fed[2])
    np.testing.assert_array_equal(session.fed[0], session.fed[4])
    assert (session.fed[0] != session.fed[1]).any()


def test_the_answer_is_the_best_classes_by_softmax(tmp_path) -> None:
    scores = np.array([0.0, 3.0, 1.0, 2.0, -1.0, -2.0, 1000.0], np.float32)[:6]
    camera = camera_of(Fed(spec(), scores), photos(tmp_path))
    camera.postprocess()
    assert [index for index, _ in camera.answer] == [1, 3, 2, 0, 4]
    exps = np.exp(scores)
    assert camera.answer[0][1] == pytest.approx(exps[1] / exps.sum())


def test_large_scores_do_not_overflow(tmp_path) -> None:
    camera = camera_of(Fed(spec(), np.array([1e4, 0], np.float32)), photos(tmp_path))
    camera.postprocess()
    assert camera.answer[0] == (0, 1.0)


def test_no_image_is_refused() -> None:
    with pytest.raises(SessionError, match="0 images"):
        camera_of(Fed(spec(), np.zeros(1, np.float32)), [])


def test_a_damaged_image_is_an_error_of_the_call() -> None:
    camera = camera_of(Fed(spec(), np.zeros(1, np.float32)), [b"no image"])
    with pytest.raises(OSError, match="cannot identify"):
        camera.preprocess()
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    camera_of(Fed(spec(), np.zeros(1, np.float32)), [file.getvalue()]).preprocess()
