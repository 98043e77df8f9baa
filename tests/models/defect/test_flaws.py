import numpy as np
import pytest

from tierbench.models.defect import flaws, raster

FLAWS = sorted(set(flaws.KINDS) - {"none"})


def drawn(kind, count=60):
    rng = np.random.default_rng(5)
    return [
        flaws.KINDS[kind](rng, raster.uniform(rng, -0.9, 0.9)) for _ in range(count)
    ]


def test_no_flaw_changes_nothing():
    assert not np.any(drawn("none"))


@pytest.mark.parametrize("kind", FLAWS)
def test_flaw_is_faint_and_small_but_there(kind):
    for change in drawn(kind):
        assert change.shape == (raster.SIDE, raster.SIDE)
        assert np.isfinite(change).all()
        assert np.abs(change).max() < 0.75
        # Half of the strongest change is confined to a small part of the picture.
        strong = np.abs(change) > 0.5 * np.abs(change).max()
        assert strong.mean() < 0.2
    assert np.mean([np.abs(change).max() > 0.03 for change in drawn(kind)]) > 0.9


@pytest.mark.parametrize("kind", ["crack", "crazing", "fibre"])
def test_dark_hairlines_never_brighten(kind):
    assert max(change.max() for change in drawn(kind)) <= 1e-12


@pytest.mark.parametrize("kind", ["scratch", "crack", "fibre"])
def test_hairline_is_about_two_pixels_wide(kind):
    for change in drawn(kind):
        strength = np.abs(change)
        dark = strength > 0.5 * strength.max()
        # A line's area is its length times its width; a blob would hold a 5x5 square.
        windows = np.lib.stride_tricks.sliding_window_view(dark, (5, 5))
        assert not windows.all(axis=(2, 3)).any()


def test_scratches_are_bright_or_dark():
    signs = {float(np.sign(change.sum())) for change in drawn("scratch")}
    assert signs == {-1.0, 1.0}


@pytest.mark.parametrize("kind", ["blister", "run"])
def test_relief_has_a_bright_and_a_dark_side(kind):
    for change in drawn(kind):
        assert change.max() > 0.005
        assert change.min() < -0.005
