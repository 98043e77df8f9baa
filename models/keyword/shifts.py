"""What may change in a factory hall after the model was trained."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..shift import Shift, Shifts
from . import noise
from .data import DATA, amplitude, clip
from .features import log_mel
from .voice import RATE_HZ, Signal

Rng = np.random.Generator
_TIME_S = np.arange(noise.SAMPLES) / RATE_HZ


def louder(rng: Rng, name: str, own: Rng, severity: int) -> npt.NDArray[np.uint8]:
    """Draw a clip in which the noise that training knew is 2.5 dB louder a step."""
    gain = amplitude(2.5 * severity)
    return log_mel(clip(rng, name, lambda behind, word: gain * behind + word))


def machines(rng: Rng, name: str, own: Rng, severity: int) -> npt.NDArray[np.uint8]:
    """Draw a clip beside a press and a gear, which training never heard.

    At severity 1 they have -18 dB of the word's power, and 4 dB more a step.
    """
    gain = amplitude(-22.0 + 4.0 * severity)
    added = gain * noise.unit(_gear(own) + _press(own))
    return log_mel(clip(rng, name, lambda behind, word: behind + word + added))


def reverberation(
    rng: Rng, name: str, own: Rng, severity: int
) -> npt.NDArray[np.uint8]:
    """Draw a clip in a hall of bare walls, where the speaker stands ever further away.

    The hall answers with noise that decays by 60 dB in 0.5 to 0.9 s; its power is 4 dB
    more a step, from -14 dB of the direct sound's.
    """
    tail = own.standard_normal(noise.SAMPLES) * 10.0 ** (
        -3.0 * _TIME_S / own.uniform(0.5, 0.9)
    )
    tail *= amplitude(-18.0 + 4.0 * severity) / np.sqrt(np.sum(tail**2))
    return log_mel(clip(rng, name, lambda behind, word: behind + _in_hall(word, tail)))


def _in_hall(word: Signal, tail: Signal) -> Signal:
    """Return a sound and what the hall adds to it."""
    size = 2 * noise.SAMPLES
    answer = np.fft.irfft(np.fft.rfft(word, size) * np.fft.rfft(tail, size), size)
    return np.asarray(word + answer[: noise.SAMPLES])


def _gear(own: Rng) -> Signal:
    """Return the whine of meshing teeth: harmonics that swell once a turn."""
    turns_hz, teeth = own.uniform(12.0, 30.0), int(own.integers(17, 40))
    swell = 1.0 + 0.6 * np.cos(2.0 * np.pi * (turns_hz * _TIME_S + own.random()))
    whine = np.zeros(noise.SAMPLES)
    for order in range(1, 6):
        phase = 2.0 * np.pi * (order * teeth * turns_hz * _TIME_S + own.random())
        whine += np.sin(phase) / order
    return noise.unit(swell * whine)


def _press(own: Rng) -> Signal:
    """Return the blows of a press, each a broad clang that dies in some 60 ms."""
    every_s, decay_s = own.uniform(0.15, 0.4), own.uniform(0.03, 0.09)
    since_s = (_TIME_S + own.random() * every_s) % every_s
    clang = own.standard_normal(noise.SAMPLES) * np.exp(-since_s / decay_s)
    return noise.unit(clang)


SHIFTS = Shifts(
    data=DATA,
    shifts=(
        Shift(
            name="loudness",
            summary="the noise that training knew grows by 2.5 dB a step",
            make=louder,
        ),
        Shift(
            name="machines",
            summary="a press and a gear that training never heard, 4 dB more a step",
            make=machines,
        ),
        Shift(
            name="reverberation",
            summary="a hall with bare walls, 4 dB more of it a step",
            make=reverberation,
        ),
    ),
)
