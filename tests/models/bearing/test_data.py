import hashlib

import numpy as np
import pytest

from tierbench.models.bearing.data import DATA, as_input
from tierbench.models.bearing.machine import SAMPLES

# The first eight recordings of each split, one of each class.
GOLDEN = {
    "calibration": "af0ba5630d9fd371494f464ea61ef584627f7384c02f46031d3c92fa5cc84d1b",
    "evaluation": "0fcc5e8e2b02d092e93c23d36ed5cba3fadcef5b3052d24319dea20fadc25804",
    "training": "01f32df5185635d5ef021eadb3a1c61df6d35271f50703e69cc976e1d2002889",
}


@pytest.mark.parametrize("name", sorted(DATA.splits))
def test_recordings_are_the_same_everywhere(name):
    levels = DATA.samples(name, 8).astype("<i2")
    assert hashlib.sha256(levels.tobytes()).hexdigest() == GOLDEN[name]


def test_labels_go_with_the_recordings():
    inputs, labels = DATA.draw("calibration")
    assert inputs.shape == (256, 1, SAMPLES, 1)
    assert inputs.dtype == np.float32
    assert labels.dtype == np.int64
    # A fault adds to what a sound machine does, some of them much.
    loudness = [inputs[labels == label].std() for label in range(len(DATA.classes))]
    assert min(loudness) == loudness[DATA.classes.index("healthy")]


def test_few_recordings_drive_the_sensor_to_its_limit():
    levels = DATA.samples("calibration")
    limits = np.iinfo(np.int16)
    cut = (levels == limits.min) | (levels == limits.max)
    assert cut.any(axis=1).mean() < 0.05


def test_input_is_a_share_of_full_scale():
    levels = np.array([[-32_768, 0, 16_384]], np.int16)
    inputs = as_input(levels)
    assert inputs.dtype == np.float32
    assert inputs.shape == (1, 1, 3, 1)
    np.testing.assert_array_equal(inputs.ravel(), [-1.0, 0.0, 0.5])
