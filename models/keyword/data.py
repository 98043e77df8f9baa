"""The log-mel patches of words in noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..dataset import Dataset
from ..splits import splits
from . import noise
from .features import log_mel
from .voice import Signal, speak, speaker
from .words import KEYWORDS, other_word

Change = Callable[[Signal, Signal], Signal]

SIGNAL_TO_NOISE_DB = (-3.0, 17.0)
_LEVEL_DB = (-40.0, -20.0)
_MICROPHONE_DB = -70.0


def patch(rng: np.random.Generator, name: str) -> npt.NDArray[np.uint8]:
    """Draw the log-mel levels of a clip, uint8 [FRAMES, BANDS]."""
    return log_mel(clip(rng, name))


def clip(rng: np.random.Generator, name: str, change: Change | None = None) -> Signal:
    """Draw the sound of a clip: one second at RATE_HZ.

    The word stands anywhere in it, with noise behind it and a microphone's own hiss.
    ``change(behind, word)`` is what became of the two before the microphone.
    """
    kind = list(noise.KINDS.values())[int(rng.integers(len(noise.KINDS)))]
    level = amplitude(rng.uniform(*_LEVEL_DB))
    relative = amplitude(-rng.uniform(*SIGNAL_TO_NOISE_DB))
    behind = relative * noise.unit(kind(rng))
    word = _word(rng, name)
    heard = behind + word if change is None else change(behind, word)
    hiss = amplitude(_MICROPHONE_DB) * rng.standard_normal(noise.SAMPLES)
    return np.asarray(level * heard + hiss)


def _word(rng: np.random.Generator, name: str) -> Signal:
    """Return a clip with nothing but the word."""
    if name == "silence":
        return np.zeros(noise.SAMPLES)
    word = KEYWORDS[name] if name in KEYWORDS else other_word(rng)
    spoken = speak(rng, speaker(rng), word)
    start = int(rng.integers(max(1, noise.SAMPLES - len(spoken))))
    return noise.place(spoken, start)


def amplitude(level_db: float) -> float:
    """Turn decibels into a factor."""
    return float(10.0 ** (level_db / 20.0))


def as_input(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Turn levels into the model's input: float32 in [0, 1], [n, FRAMES, BANDS]."""
    return levels.astype(np.float32) / np.float32(255.0)


DATA = Dataset(
    classes=(*KEYWORDS, "unknown", "silence"),
    splits=splits(0x6B6579),
    make=patch,
    as_input=as_input,
)
