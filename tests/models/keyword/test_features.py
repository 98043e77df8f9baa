import numpy as np
import pytest

from tierbench.models.keyword import features
from tierbench.models.keyword.voice import RATE_HZ

DB_PER_LEVEL = (features.CEILING_DB - features.FLOOR_DB) / 255


def tone(frequency_hz):
    return np.sin(2 * np.pi * frequency_hz * np.arange(RATE_HZ) / RATE_HZ)


def test_a_thousand_hertz_are_a_thousand_mels():
    assert features.mel(1_000.0) == pytest.approx(1_000.0, abs=0.1)
    assert features.mel(0.0) == 0.0


def test_neighbouring_filters_add_up_to_one():
    total = features.filters().sum(axis=1)
    hertz = np.arange(len(total)) * RATE_HZ / 512
    np.testing.assert_allclose(total[(hertz > 70) & (hertz < 7_000)], 1.0)
    assert not total[hertz > 7_600].any()


@pytest.mark.parametrize("frequency_hz", [300.0, 1_000.0, 4_000.0])
def test_a_tone_is_loudest_in_a_band_next_to_it(frequency_hz):
    loudest = features.log_mel(0.1 * tone(frequency_hz)).argmax(axis=1)
    low, high = features.mel(20.0), features.mel(7_600.0)
    place = (features.mel(frequency_hz) - low) / (high - low) * 41 - 1
    assert np.abs(loudest - place).max() < 1.0


def test_twice_the_amplitude_is_six_decibels_more():
    rng = np.random.default_rng(0)
    noise = 0.01 * rng.standard_normal(RATE_HZ)
    quiet = features.log_mel(noise).astype(float)
    loud = features.log_mel(2 * noise).astype(float)
    difference_db = (loud - quiet) * DB_PER_LEVEL
    np.testing.assert_allclose(difference_db, 6.02, atol=DB_PER_LEVEL)


def test_silence_is_level_zero_and_clipping_the_highest():
    assert not features.log_mel(np.zeros(RATE_HZ)).any()
    assert features.log_mel(1e6 * tone(500.0)).max() == 255


def test_a_click_shows_in_the_frames_that_hold_it():
    clip = np.zeros(RATE_HZ)
    clip[8_000] = 1.0
    heard = np.flatnonzero(features.log_mel(clip).any(axis=1))
    assert list(heard) == [24]
