import hashlib

import numpy as np
import pytest

from tierbench.models.defect.data import DATA, as_input

# The first eight images of each split, one of each class.
GOLDEN = {
    "calibration": "9b579c3b52f7c0cf5afbc506b9610d5b4003e79b6c8da54f292eb0bf1b056555",
    "evaluation": "b7790137da058724079c4c837db9560b3a109bdff2005b44b9e00ec55ff6bf5c",
    "training": "4d791ab5990e496bcfd31f500d950e6c9194c10d8305965679a57426bde279cb",
}


@pytest.mark.parametrize("name", sorted(DATA.splits))
def test_images_are_the_same_everywhere(name):
    pixels = DATA.samples(name, 8)
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == GOLDEN[name]


def test_input_is_float_between_zero_and_one():
    pixels = np.array([[[0, 255], [51, 102]]], np.uint8)
    inputs = as_input(pixels)
    assert inputs.dtype == np.float32
    assert inputs.shape == (1, 2, 2, 1)
    np.testing.assert_allclose(inputs[0, :, :, 0], [[0.0, 1.0], [0.2, 0.4]])
