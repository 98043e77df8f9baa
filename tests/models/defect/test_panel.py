import numpy as np

from tierbench.models.defect import panel, raster


def panels(count):
    for seed in range(count):
        rng = np.random.default_rng(seed)
        yield panel.panel(rng, panel.light_angle(rng))


def test_paint_is_neither_black_nor_blown_out():
    for image in panels(100):
        assert image.shape == (raster.SIDE, raster.SIDE)
        assert 0.1 < np.median(image) < 0.95
        assert image.min() > -0.1
        assert image.max() < 1.3


def test_no_two_panels_are_alike():
    means = {float(image.mean()) for image in panels(50)}
    assert len(means) == 50


def test_waves_have_the_strength_asked_for():
    rng = np.random.default_rng(0)
    fields = [
        panel._field(rng, 0.02 * panel._orange_peel(rng, 0.3)).std() for _ in range(100)
    ]
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(fields))), 0.02, rtol=0.03)


def test_lamp_stands_above():
    rng = np.random.default_rng(0)
    angles = [panel.light_angle(rng) for _ in range(100)]
    assert max(np.abs(angles)) < np.pi / 2
