import numpy as np
import pytest

from tierbench.models.keyword import voice
from tierbench.models.keyword.phonemes import VOWELS
from tierbench.models.keyword.words import KEYWORDS

MAN = voice.Speaker(pitch_hz=100.0, tract=1.0, pace=1.0, glottis_hz=100.0, breath=0.01)


def spectrum(signal):
    """Return the power at every hertz, smoothed over 200 Hz."""
    power = np.abs(np.fft.rfft(signal, voice.RATE_HZ)) ** 2
    return np.convolve(power, np.ones(200) / 200, mode="same")


@pytest.mark.parametrize("word", KEYWORDS)
def test_a_word_lasts_less_than_a_second_and_has_unit_power(word):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        spoken = voice.speak(rng, voice.speaker(rng), KEYWORDS[word])
        assert 0.1 < len(spoken) / voice.RATE_HZ < 1.0
        assert np.mean(spoken**2) == pytest.approx(1.0)


def test_a_resonator_peaks_at_its_centre_and_passes_a_constant():
    response = np.abs(voice._cascade(np.array([[1_000.0]]), np.array([100.0])))[0]
    assert response[0] == pytest.approx(1.0)
    assert np.argmax(response) == round(1_000 / voice.RATE_HZ * voice._FFT)


def test_resonators_in_a_row_multiply():
    both = voice._cascade(np.array([[500.0, 1_500.0]]), np.array([60.0, 90.0]))
    one = voice._cascade(np.array([[500.0]]), np.array([60.0]))
    other = voice._cascade(np.array([[1_500.0]]), np.array([90.0]))
    np.testing.assert_allclose(both, one * other)


@pytest.mark.parametrize("vowel", ["IY", "AE", "AA", "UW"])
def test_a_vowel_is_loudest_at_its_formants(vowel):
    rng = np.random.default_rng(0)
    power = spectrum(voice.speak(rng, MAN, (vowel, vowel, vowel)))
    (segment,) = VOWELS[vowel]
    first, second, _ = segment.formants_hz
    gap = (first + second) // 2
    if second - first > 600:
        assert power[first] > 4 * power[gap]
        assert power[second] > power[gap]
    assert abs(int(np.argmax(power)) - first) < 200


def test_formants_rise_as_the_tract_becomes_shorter():
    short = voice.Speaker(
        pitch_hz=100.0, tract=1.25, pace=1.0, glottis_hz=100.0, breath=0.01
    )
    peaks = [
        int(
            np.argmax(spectrum(voice.speak(np.random.default_rng(1), who, ("EH",) * 3)))
        )
        for who in (MAN, short)
    ]
    assert peaks[1] > peaks[0] + 50


def test_a_sibilant_is_noise_in_high_frequencies():
    rng = np.random.default_rng(0)
    power = spectrum(voice.speak(rng, MAN, ("S", "S")))
    assert power[5_500:7_900].sum() > 5 * power[:4_000].sum()


def test_pulses_come_at_the_pitch():
    # 100 pulses a second fall on some 2 samples each, for they are shared.
    pulses = voice._pulses(np.random.default_rng(0), MAN, voice.RATE_HZ)
    assert 80 < np.count_nonzero(pulses) / 2 < 130
    assert np.mean(pulses**2) < 1.1


def test_frames_overlap_to_the_whole():
    rng = np.random.default_rng(0)
    signal = rng.standard_normal(20 * voice._HOP)
    joined = voice._overlap_add(voice._spectra(signal))
    inner = slice(voice._HOP, 19 * voice._HOP)
    np.testing.assert_allclose(joined[inner], signal[inner], atol=1e-12)


def test_a_faster_speaker_takes_less_time():
    fast = voice.Speaker(
        pitch_hz=100.0, tract=1.0, pace=1.5, glottis_hz=100.0, breath=0.01
    )
    slow, quick = (
        len(voice.speak(np.random.default_rng(3), who, KEYWORDS["down"]))
        for who in (MAN, fast)
    )
    assert quick < 0.8 * slow
