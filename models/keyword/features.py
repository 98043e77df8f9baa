"""Log-mel features: what the network gets instead of the sound itself.

Frames of 30 ms, one every 20 ms, under a Hann window; power spectra of 512 points;
40 triangular filters whose corners are equally spaced on the mel scale,
mel = 2595 log10(1 + f / 700 Hz) (D. O'Shaughnessy, "Speech communication: human and
machine", 1987), from 20 to 7,600 Hz, each with a peak of one; decibels, in 256 levels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .voice import RATE_HZ, Signal

FRAMES, BANDS = 49, 40
FLOOR_DB, CEILING_DB = -70.0, 10.0
"""Level 0 and level 255, relative to white noise of power one."""

_FRAME, _HOP, _FFT = 480, 320, 512
_LOW_HZ, _HIGH_HZ = 20.0, 7_600.0
_WINDOW = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FRAME) / _FRAME)
_PLACES = np.arange(FRAMES)[:, None] * _HOP + np.arange(_FRAME)


def log_mel(clip: Signal) -> npt.NDArray[np.uint8]:
    """Return the levels of a clip of one second, uint8 [FRAMES, BANDS]."""
    spectra = np.fft.rfft(clip[_PLACES] * _WINDOW, _FFT, axis=1)
    power = (spectra.real**2 + spectra.imag**2) @ _FILTERS / np.sum(_WINDOW**2)
    level_db = 10.0 * np.log10(power + 1e-12)
    share = (level_db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)
    return np.rint(np.clip(share, 0.0, 1.0) * 255.0).astype(np.uint8)


def mel(frequency_hz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Turn hertz into mels."""
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(frequency_hz) / 700.0))


def filters() -> npt.NDArray[np.float64]:
    """Return the weight of every frequency in every band, [_FFT / 2 + 1, BANDS]."""
    corners = np.linspace(mel(_LOW_HZ), mel(_HIGH_HZ), BANDS + 2)
    position = mel(np.arange(_FFT // 2 + 1) * (RATE_HZ / _FFT))
    # On the mel scale all triangles are alike: as high as one, two steps wide.
    step = corners[1] - corners[0]
    apart = np.abs(position[:, None] - corners[1:-1]) / step
    return np.asarray(np.maximum(0.0, 1.0 - apart))


_FILTERS = filters()
