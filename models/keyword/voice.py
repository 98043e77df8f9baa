"""Speak a word: pulses and noise through the resonances of a vocal tract.

This is the source-filter model of speech (G. Fant, "Acoustic theory of speech
production", 1960) with the two-pole resonator of D. H. Klatt, "Software for a
cascade/parallel formant synthesizer", J. Acoust. Soc. Am. 67 (1980). Filters change
from frame to frame, so they are applied to overlapping frames in the frequency domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .phonemes import SOUNDS, Segment

if TYPE_CHECKING:
    from .words import Word

Signal = npt.NDArray[np.float64]
Response = npt.NDArray[np.complex128]

RATE_HZ = 16_000

_HOP = 128
_FRAME = 2 * _HOP
_FFT = 512
"""Longer than a frame: what a filter rings on for needs room."""
_WINDOW = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(_FRAME) + 0.5) / _FRAME)
# z^-1 and its square at every frequency of a frame's spectrum
_DELAY = np.exp(-2j * np.pi * np.arange(_FFT // 2 + 1) / _FFT)
_DELAY2 = _DELAY * _DELAY
_RADIATION = 1.0 - _DELAY
_BANDWIDTHS_HZ = np.array([60.0, 90.0, 150.0])
_GLIDE = np.hanning(9)[1:-1] / np.hanning(9).sum()
"""Formants take seven frames, 56 ms, from one target to the next."""
_FADE = np.array([0.25, 0.5, 0.25])
_LONGEST_S = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who speaks: pitch, tract (its formants relative to a man's), pace, voice."""

    pitch_hz: float
    tract: float
    pace: float
    glottis_hz: float
    breath: float


def speaker(rng: np.random.Generator) -> Speaker:
    """Draw a speaker; short tracts go with high voices, as in women and children."""
    tract = float(np.exp(rng.uniform(np.log(0.92), np.log(1.25))))
    # Peterson and Barney's (1952) women have 1.17 times the formants of men on
    # average, and 1.7 times their pitch: the power of 3.3.
    pitch_hz = 125.0 * tract**3.3 * float(np.exp(0.12 * rng.standard_normal()))
    return Speaker(
        pitch_hz=pitch_hz,
        tract=tract,
        pace=float(rng.uniform(0.8, 1.25)),
        glottis_hz=float(rng.uniform(80.0, 300.0)),
        breath=float(rng.uniform(0.01, 0.08)),
    )


def speak(rng: np.random.Generator, who: Speaker, word: Word) -> Signal:
    """Return the word at RATE_HZ, at most a second long, with a power of one."""
    segments = [segment for sound in word for segment in SOUNDS[sound]]
    at = _frames(rng, who, segments)
    samples = (len(at) + 1) * _HOP
    table = np.array(
        [(s.voicing, s.aspiration, s.frication) for s in segments], dtype=np.float64
    )
    voicing, aspiration, frication = (_smooth(table[at], _FADE)).T[..., None]
    tract = _tract(rng, who, segments, at)
    glottis, breath = _sources(who)
    pulses = _spectra(_pulses(rng, who, samples))
    noise = _spectra(rng.standard_normal(samples))
    buzz = pulses * voicing * glottis
    breathing = noise * (aspiration + who.breath * voicing) * breath
    hiss = noise * frication * _bands(who, segments)[at]
    spoken = _overlap_add((buzz + breathing) * tract + hiss)
    return np.asarray(spoken / np.sqrt(np.mean(spoken**2)))


def _frames(
    rng: np.random.Generator, who: Speaker, segments: list[Segment]
) -> npt.NDArray[np.int64]:
    """Return the number of the segment that sounds in each frame."""
    duration_s = np.array([segment.duration_s for segment in segments]) / who.pace
    duration_s *= np.exp(0.15 * rng.standard_normal(len(segments)))
    ends_s = np.cumsum(duration_s)
    ends_s *= min(1.0, _LONGEST_S / ends_s[-1])
    centres_s = np.arange(int(ends_s[-1] * RATE_HZ / _HOP)) * (_HOP / RATE_HZ)
    return np.searchsorted(ends_s, centres_s)


def _tract(
    rng: np.random.Generator,
    who: Speaker,
    segments: list[Segment],
    at: npt.NDArray[np.int64],
) -> Response:
    """Return the tract's response in every frame."""
    targets_hz = np.array([segment.formants_hz for segment in segments]) * who.tract
    targets_hz = targets_hz * np.exp(0.05 * rng.standard_normal(targets_hz.shape))
    formants_hz = _smooth(targets_hz[at], _GLIDE)
    return _cascade(formants_hz, _BANDWIDTHS_HZ) * _upper(who)


def _upper(who: Speaker) -> Response:
    """Return the upper resonances of a tube of 17.5 cm, which stay in place."""
    upper_hz = who.tract * np.array([[3_500.0, 4_500.0, 5_500.0, 6_500.0]])
    return _cascade(upper_hz, np.array([250.0, 300.0, 400.0, 500.0]))


def _sources(who: Speaker) -> tuple[Response, Response]:
    """Return how pulses and noise leave the lips, of unit power in a neutral tract.

    Pulses are rounded by the glottis first.
    """
    neutral_hz = who.tract * np.array([[500.0, 1_500.0, 2_500.0]])
    neutral = _cascade(neutral_hz, _BANDWIDTHS_HZ) * _upper(who)
    glottis = _cascade(np.zeros((1, 1)), np.array([who.glottis_hz])) * _RADIATION
    return (
        np.asarray(glottis / _power_gain(neutral * glottis)),
        np.asarray(_RADIATION / _power_gain(neutral * _RADIATION)),
    )


def _bands(who: Speaker, segments: list[Segment]) -> Response:
    """Return the response of every segment's noise, each of unit power."""
    centres_hz = np.array([segment.noise_hz for segment in segments], dtype=np.float64)
    widths_hz = np.array([segment.noise_width_hz for segment in segments])
    # Half of the tract's influence, and never beyond half the sampling rate.
    centres_hz = np.minimum(centres_hz * np.sqrt(who.tract), 0.48 * RATE_HZ)
    bands = _cascade(centres_hz[:, None], widths_hz[:, None]) * _RADIATION
    return np.asarray(bands / _power_gain(bands))


def _cascade(
    centres_hz: npt.NDArray[np.float64], widths_hz: npt.NDArray[np.float64]
) -> Response:
    """Return two-pole resonators in a row, [n, frequencies], for centres [n, k].

    Each is A / (1 - B z^-1 - C z^-2), with Klatt's (1980) equations for A, B and C:
    a gain of one at zero frequency.
    """
    c = -np.exp(-2 * np.pi * widths_hz / RATE_HZ) + 0.0 * centres_hz
    b = 2 * np.sqrt(-c) * np.cos(2 * np.pi * centres_hz / RATE_HZ)
    a = 1.0 - b - c
    poles = np.ones((len(a), len(_DELAY)), dtype=np.complex128)
    pole = np.empty_like(poles)
    for one_b, one_c in zip(b.T, c.T, strict=True):
        pole.real = 1.0 - one_b[:, None] * _DELAY.real - one_c[:, None] * _DELAY2.real
        pole.imag = -one_b[:, None] * _DELAY.imag - one_c[:, None] * _DELAY2.imag
        poles *= pole
    return np.asarray(a.prod(axis=1)[:, None] / poles)


def _power_gain(response: Response) -> Signal:
    """Return the root-mean-square of each row: by what white noise is amplified."""
    return np.asarray(np.sqrt(np.mean(np.abs(response) ** 2, axis=1, keepdims=True)))


def _pulses(rng: np.random.Generator, who: Speaker, samples: int) -> Signal:
    """Return glottal pulses of unit power: jitter, shimmer and a falling pitch."""
    count = int(1.6 * samples / RATE_HZ * who.pitch_hz) + 4
    progress = np.arange(count) * (RATE_HZ / who.pitch_hz / samples)
    fall, bend = rng.uniform(-0.1, 0.35), rng.uniform(-0.15, 0.15)
    contour = 1.0 - fall * (progress - 0.5) + bend * np.sin(np.pi * progress)
    period = RATE_HZ / (who.pitch_hz * np.clip(contour, 0.7, 1.4))
    jittered = period * (1.0 + 0.01 * rng.standard_normal(count))
    at = np.cumsum(jittered) - jittered[0] * rng.random()
    height = np.sqrt(period) * (1.0 + 0.05 * rng.standard_normal(count))
    # A pulse between two samples is shared by them.
    first = np.floor(at).astype(np.int64)
    share = at - first
    inside = first < samples - 1
    places = np.concatenate([first[inside], first[inside] + 1])
    shares = np.concatenate([(1.0 - share)[inside], share[inside]])
    heights = np.tile(height[inside], 2)
    pulses = np.bincount(places, weights=shares * heights, minlength=samples)
    return pulses.astype(np.float64)


def _smooth(
    tracks: npt.NDArray[np.float64], kernel: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return weighted means along the first axis; the ends are held."""
    reach = len(kernel) // 2
    held = np.pad(tracks, ((reach, reach), (0, 0)), mode="edge")
    parts = [weight * held[i : i + len(tracks)] for i, weight in enumerate(kernel)]
    return np.asarray(sum(parts[1:], start=parts[0]))


def _spectra(signal: Signal) -> Response:
    """Return the spectra of windowed frames, each half over the next."""
    halves = signal.reshape(-1, _HOP)
    frames = np.concatenate([halves[:-1], halves[1:]], axis=1)
    return np.fft.rfft(frames * _WINDOW, _FFT, axis=1)


def _overlap_add(spectra: Response) -> Signal:
    """Return the signal whose filtered frames these are."""
    frames = np.fft.irfft(spectra, _FFT, axis=1)
    parts = frames.reshape(len(frames), _FFT // _HOP, _HOP)
    signal = np.zeros((len(frames) + _FFT // _HOP - 1, _HOP))
    for place in range(_FFT // _HOP):
        signal[place : place + len(frames)] += parts[:, place]
    return np.asarray(signal.reshape(-1))
