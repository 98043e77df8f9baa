"""Make the clips of each split on demand, every one from its own seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..splits import Split
from . import noise
from .features import log_mel
from .voice import Signal, speak, speaker
from .words import KEYWORDS, other_word

CLASSES: tuple[str, ...] = (*KEYWORDS, "unknown", "silence")

TRAINING = Split(name="training", seed=0x6B6579_01, samples=16_000)
CALIBRATION = Split(name="calibration", seed=0x6B6579_02, samples=256)
EVALUATION = Split(name="evaluation", seed=0x6B6579_03, samples=1_200)
SPLITS = {split.name: split for split in (TRAINING, CALIBRATION, EVALUATION)}

SIGNAL_TO_NOISE_DB = (-3.0, 17.0)
_LEVEL_DB = (-40.0, -20.0)
_MICROPHONE_DB = -70.0


def label(index: int) -> int:
    """Return the class of clip number index; any prefix of a split is balanced."""
    return index % len(CLASSES)


def clip(split: Split, index: int) -> Signal:
    """Draw the sound of clip number index of a split: one second at RATE_HZ.

    It depends on the split's seed and the index alone. The word stands anywhere in
    the clip, with noise behind it and a microphone's own hiss.
    """
    rng = split.rng(index)
    kind = list(noise.KINDS.values())[int(rng.integers(len(noise.KINDS)))]
    level = _amplitude(rng.uniform(*_LEVEL_DB))
    relative = _amplitude(-rng.uniform(*SIGNAL_TO_NOISE_DB))
    heard = relative * noise.unit(kind(rng)) + _word(rng, CLASSES[label(index)])
    hiss = _amplitude(_MICROPHONE_DB) * rng.standard_normal(noise.SAMPLES)
    return np.asarray(level * heard + hiss)


def _word(rng: np.random.Generator, name: str) -> Signal:
    """Return a clip with nothing but the word."""
    if name == "silence":
        return np.zeros(noise.SAMPLES)
    word = KEYWORDS[name] if name in KEYWORDS else other_word(rng)
    spoken = speak(rng, speaker(rng), word)
    start = int(rng.integers(max(1, noise.SAMPLES - len(spoken))))
    return noise.place(spoken, start)


def _amplitude(level_db: float) -> float:
    return float(10.0 ** (level_db / 20.0))


def patches(split: Split, count: int | None = None) -> npt.NDArray[np.uint8]:
    """Return the log-mel levels of the first count clips of a split or all.

    They are uint8, [n, FRAMES, BANDS].
    """
    count = split.samples if count is None else count
    return np.stack([log_mel(clip(split, index)) for index in range(count)])


def labels(split: Split, count: int | None = None) -> npt.NDArray[np.int64]:
    """Return the classes that go with patches(), int64 [n]."""
    count = split.samples if count is None else count
    return np.array([label(index) for index in range(count)], dtype=np.int64)


def as_input(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Turn levels into the model's input: float32 in [0, 1], [n, FRAMES, BANDS]."""
    return levels.astype(np.float32) / np.float32(255.0)


def draw(split: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return the inputs and labels of a split by its name."""
    chosen = SPLITS[split]
    return as_input(patches(chosen)), labels(chosen)
