import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierbench.models.defect import raster

ANYWHERE = st.floats(-100.0, 200.0)


def line(*points):
    return np.array(points, dtype=np.float64)


def test_stroke_is_a_ridge_of_height_one():
    image = raster.stroke(line((5, 20), (58, 20)), 0.7)
    np.testing.assert_allclose(image[20, 15:50], 1.0, atol=0.02)
    np.testing.assert_allclose(image[21, 15:50], np.exp(-(0.7**-2) / 2), atol=0.02)
    assert np.abs(image[26:]).max() < 1e-6


def test_stroke_is_equally_strong_in_every_direction():
    level = raster.stroke(line((10, 32), (54, 32)), 0.7).sum()
    slanted = raster.stroke(line((20, 15), (44, 51)), 0.7).sum()
    assert slanted / np.hypot(24, 36) == pytest.approx(level / 44, rel=0.02)


def test_faded_stroke_tapers_to_both_ends():
    image = raster.stroke(line((5, 20), (58, 20)), 0.7, fade=0.4)
    assert image[20, 7] < 0.3 * image[20, 31]
    assert image[20, 56] < 0.3 * image[20, 31]


@given(st.lists(st.tuples(ANYWHERE, ANYWHERE), min_size=2, max_size=5))
def test_stroke_takes_points_anywhere(points):
    image = raster.stroke(line(*points), 0.6)
    assert image.shape == (raster.SIDE, raster.SIDE)
    assert np.isfinite(image).all()
    assert image.min() >= 0.0


def test_what_lies_outside_is_not_drawn():
    image = raster.stroke(line((-30, -5), (100, -5)), 0.7)
    assert image.max() < 1e-6


def test_blur_keeps_the_sum():
    image = np.zeros((raster.SIDE, raster.SIDE))
    image[32, 30] = 2.0
    assert raster.blur(image, 1.5).sum() == pytest.approx(2.0, rel=1e-6)


def test_disc_peaks_at_its_centre():
    image = raster.disc(10.0, 40.0, 3.0)
    assert np.unravel_index(image.argmax(), image.shape) == (40, 10)
    assert image[40, 10] == 1.0


def test_relief_is_bright_towards_a_lamp_above_and_dark_behind():
    shaded = raster.shade(raster.disc(32.0, 32.0, 4.0), light=0.0)
    assert shaded[28, 32] > 0.05
    np.testing.assert_allclose(shaded[36, 32], -shaded[28, 32])


def test_a_lamp_to_the_right_lights_the_right_flank():
    shaded = raster.shade(raster.disc(32.0, 32.0, 4.0), light=np.pi / 2)
    assert shaded[32, 36] > 0.05 > -0.05 > shaded[32, 28]


def test_uniform_stays_in_its_interval():
    rng = np.random.default_rng(3)
    values = [raster.uniform(rng, -2.0, 5.0) for _ in range(500)]
    assert -2.0 <= min(values) < -1.8
    assert 4.8 < max(values) < 5.0
