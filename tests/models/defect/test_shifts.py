"""What the shifts of the panels do to an image."""

import numpy as np
import pytest

from tierbench.models.defect.shifts import SHIFTS
from tierbench.models.splits import Split

SPLIT = Split(seed=5, samples=40)


def images(name: str, severity: int) -> np.ndarray:
    return next(SHIFTS.inputs(SPLIT, SHIFTS.find(name), severity))[..., 0]


def grain(found: np.ndarray) -> float:
    """Return how much neighbouring pixels differ."""
    return float(np.abs(np.diff(found, axis=2)).mean())


def test_the_lamp_dims():
    means = [images("lighting", severity).mean() for severity in (0, 2, 5)]
    assert means[1] == pytest.approx(0.74 * means[0], rel=0.03)
    assert means[2] == pytest.approx(0.35 * means[0], rel=0.06)


def test_the_new_finish_has_relief_and_keeps_the_brightness():
    clean, new = images("texture", 0), images("texture", 3)
    assert grain(new) > 1.1 * grain(clean)
    assert new.mean() == pytest.approx(clean.mean(), abs=0.01)


def test_blur_takes_detail_and_leaves_the_camera_noise():
    clean, blurred = images("blur", 0), images("blur", 5)
    assert grain(blurred) < grain(clean)
    assert grain(blurred) > 0.004
    assert blurred.mean() == pytest.approx(clean.mean(), abs=0.01)


def test_noise_has_the_strength_that_is_told():
    added = images("noise", 4) - images("noise", 0)
    assert added.std() == pytest.approx(4 * 0.006, rel=0.05)
