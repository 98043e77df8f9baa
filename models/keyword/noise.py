"""What is heard behind a word: hiss, rumble, a mains hum, other people talking."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .voice import RATE_HZ, Signal, speak, speaker
from .words import other_word

SAMPLES = RATE_HZ
"""Samples in a clip, which lasts one second."""

_VOICES = 3


def white(rng: np.random.Generator) -> Signal:
    """Return noise with equal power in every hertz."""
    return rng.standard_normal(SAMPLES)


def pink(rng: np.random.Generator) -> Signal:
    """Return noise with equal power in every octave."""
    spectrum = np.fft.rfft(rng.standard_normal(SAMPLES))
    return np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), SAMPLES)


def hum(rng: np.random.Generator) -> Signal:
    """Return a mains hum of 50 or 60 Hz with its harmonics, over some pink noise."""
    mains_hz = 50 if rng.random() < 0.5 else 60
    order = np.arange(1, 41)
    strength = rng.random(len(order)) / order
    # A clip lasts one second, so the spectrum has a place for every whole hertz.
    spectrum = np.zeros(SAMPLES // 2 + 1, dtype=np.complex128)
    spectrum[mains_hz * order] = strength * np.exp(2j * np.pi * rng.random(len(order)))
    tone = np.fft.irfft(spectrum, SAMPLES)
    return np.asarray(unit(tone) + 0.5 * unit(pink(rng)))


def babble(rng: np.random.Generator) -> Signal:
    """Return several people who talk over one another."""
    heard = np.zeros(SAMPLES)
    for _ in range(_VOICES):
        spoken = speak(rng, speaker(rng), other_word(rng))
        heard += np.roll(place(spoken, 0), int(rng.integers(SAMPLES)))
    return heard


def place(sound: Signal, start: int) -> Signal:
    """Return silence of a clip's length into which a sound is put."""
    clip = np.zeros(SAMPLES)
    room = clip[start : start + len(sound)]
    room += sound[: len(room)]
    return clip


def unit(signal: Signal) -> Signal:
    """Scale a signal to a power of one."""
    return np.asarray(signal / np.sqrt(np.mean(signal**2)))


KINDS: dict[str, Callable[[np.random.Generator], Signal]] = {
    "white": white,
    "pink": pink,
    "hum": hum,
    "babble": babble,
}
