import numpy as np
import pytest

from tierbench.models.keyword import noise


def power(kind, count=10):
    """Return the mean power at every hertz of a few clips scaled to unit power."""
    rng = np.random.default_rng(4)
    clips = [noise.unit(noise.KINDS[kind](rng)) for _ in range(count)]
    return np.mean([np.abs(np.fft.rfft(clip)) ** 2 for clip in clips], axis=0)


@pytest.mark.parametrize("kind", sorted(noise.KINDS))
def test_noise_fills_a_clip_and_is_never_the_same(kind):
    rng = np.random.default_rng(0)
    first, second = noise.KINDS[kind](rng), noise.KINDS[kind](rng)
    assert first.shape == second.shape == (noise.SAMPLES,)
    assert np.isfinite(first).all()
    assert not np.array_equal(first, second)


def test_white_noise_is_as_strong_in_every_hertz():
    spectrum = power("white")
    assert spectrum[100:1_100].mean() == pytest.approx(
        spectrum[5_000:6_000].mean(), rel=0.1
    )


def test_pink_noise_is_as_strong_in_every_octave():
    spectrum = power("pink")
    assert spectrum[500:1_000].sum() == pytest.approx(
        spectrum[2_000:4_000].sum(), rel=0.1
    )


def test_hum_stands_on_the_mains():
    spectrum = power("hum")
    harmonics = spectrum[50:2_001:50].sum() + spectrum[60:2_401:60].sum()
    assert harmonics > 0.5 * spectrum.sum()


def test_babble_has_the_spectrum_of_speech():
    spectrum = power("babble")
    assert spectrum[:3_500].sum() > 4 * spectrum[3_500:].sum()


def test_what_does_not_fit_is_cut_off():
    clip = noise.place(np.ones(100), noise.SAMPLES - 30)
    assert clip.shape == (noise.SAMPLES,)
    assert clip.sum() == 30
    assert clip[-30:].all()
