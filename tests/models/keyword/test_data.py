import hashlib

import numpy as np
import pytest

from tierbench.models.keyword import features
from tierbench.models.keyword.data import DATA, _word, as_input

# The first ten clips of each split, one of each class.
GOLDEN = {
    "calibration": "41605d0564a523fd6788e43422e0ae0dae45b93ef29b04a68410b9d51f0ba524",
    "evaluation": "5acc942dd074d8104885e58d0ab0ac77ff15d326d4a4381e40a462b6e45e40ac",
    "training": "dd4256a6873ffc5833d9ae07b52ab4fc96d8985589262438247dcb539c56d01f",
}


@pytest.mark.parametrize("name", sorted(DATA.splits))
def test_patches_are_the_same_everywhere(name):
    levels = DATA.samples(name, 10)
    assert hashlib.sha256(levels.tobytes()).hexdigest() == GOLDEN[name]


def test_levels_are_seldom_cut_off():
    levels = DATA.samples("calibration", 100)
    assert levels.shape == (100, features.FRAMES, features.BANDS)
    assert np.mean(levels == 0) < 0.02
    assert np.mean(levels == 255) < 0.001


def test_silence_holds_no_word():
    rng = np.random.default_rng(0)
    assert not np.any(_word(rng, "silence"))
    assert np.any(_word(rng, "unknown"))


def test_input_is_float_between_zero_and_one():
    inputs = as_input(np.array([[[0, 255], [51, 102]]], np.uint8))
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs, [[[0.0, 1.0], [0.2, 0.4]]])
