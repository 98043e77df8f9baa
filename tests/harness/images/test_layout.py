"""Pixels to the values that a model's input asks for."""

import numpy as np
import pytest

from tierbench.harness.errors import DataError
from tierbench.harness.images.layout import image_layout
from tierbench.harness.values import TensorSpec

PIXELS = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)


def spec(dtype: str, *shape: int, **scale) -> TensorSpec:
    return TensorSpec(name="x", dtype=dtype, shape=shape, **scale)


def test_channels_come_first_or_last() -> None:
    last = image_layout([spec("float32", -1, 4, 5, 3)])
    first = image_layout([spec("float32", 1, 3, 4, 5)])
    assert (last.height, last.width, last.channels) == (4, 5, 3)
    assert (first.height, first.width, first.channels) == (4, 5, 3)
    values = last.array(PIXELS)
    np.testing.assert_array_equal(values, PIXELS.astype(np.float32) / 255)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(
        first.array(PIXELS), values.transpose(0, 3, 1, 2), strict=True
    )


@pytest.mark.parametrize("shape", [(-1, 4, 5, 3), (-1, 3, 4, 5)])
def test_mean_and_deviation_are_taken_for_each_channel(shape) -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    found = image_layout([spec("float32", *shape)], mean, std).array(PIXELS)
    wanted = (PIXELS / 255 - np.array(mean)) / np.array(std)
    if shape[1] == 3:
        wanted = wanted.transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_one_number_stands_for_all_channels() -> None:
    layout = image_layout([spec("float16", -1, 4, 5, 3)], (0.5,), (0.25,))
    np.testing.assert_allclose(layout.array(PIXELS), (PIXELS / 255 - 0.5) / 0.25, 1e-5)


def test_bytes_without_a_scale_are_pixels() -> None:
    found = image_layout([spec("uint8", -1, 3, 4, 5)]).array(PIXELS)
    np.testing.assert_array_equal(found, PIXELS.transpose(0, 3, 1, 2), strict=True)
    assert found.flags.c_contiguous


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_a_quantised_input_gets_real_values(dtype: str) -> None:
    """They are quantised when a batch is made, by the scale of the runtime's input."""
    found = image_layout([spec(dtype, 1, 4, 5, 3, scale=1 / 255, zero_point=0)])
    assert not found.raw
    assert found.array(PIXELS).dtype == np.float32


def test_what_was_done_is_told() -> None:
    layout = image_layout([spec("float32", -1, 3, 4, 5)], (0.5,))
    assert layout.made(1, 2) == {
        "height": 4,
        "width": 5,
        "channels": 3,
        "channels_first": True,
        "raw": False,
        "mean": [0.5],
        "std": [1.0],
        "resized": "bilinear, 1 of 2 images",
    }
    assert layout.made(0, 2)["resized"] == "none"


IMAGE = spec("float32", -1, 4, 5, 3)


@pytest.mark.parametrize(
    ("inputs", "mean", "problem"),
    [
        ([], (), "fit a model with one input; this one has 0"),
        ([IMAGE, IMAGE], (), "this one has 2: give a .npz file"),
        ([spec("float32", -1, 10)], (), "has the shape (10,)"),
        ([spec("float32", -1, 4, 5)], (), "has the shape (4, 5)"),
        ([spec("float32", -1, 4, 5, 2)], (), "has the shape (4, 5, 2)"),
        ([spec("float32", -1, 3, 4, 3)], (), "has the shape (3, 4, 3)"),
        ([spec("float32", -1, -1, -1, 3)], (), "free height or width"),
        ([spec("float32", -1, 0, 5, 3)], (), "free height or width"),
        ([spec("int64", -1, 4, 5, 3)], (), "'x' is of 'int64' without a scale"),
        ([spec("int8", -1, 4, 5, 3)], (), "'x' is of 'int8' without a scale"),
        ([spec("uint8", -1, 4, 5, 3)], (0.5,), "leave image_mean and image_std out"),
        ([IMAGE], (0.5, 0.5), "image_mean has 2 numbers; input 'x' has 3 channels"),
    ],
)
def test_what_images_do_not_fit_is_told(inputs, mean, problem: str) -> None:
    with pytest.raises(DataError) as caught:
        image_layout(inputs, mean)
    assert problem in str(caught.value)
