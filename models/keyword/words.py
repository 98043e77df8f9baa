"""The keywords as strings of sounds, and other words that are none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from .phonemes import CONSONANTS, VOWELS

if TYPE_CHECKING:
    import numpy as np

Word = tuple[str, ...]
T = TypeVar("T")

KEYWORDS: dict[str, Word] = {
    "yes": ("Y", "EH", "S"),
    "no": ("N", "AO", "UH"),
    "up": ("AH", "P"),
    "down": ("D", "AA", "UH", "N"),
    "left": ("L", "EH", "F", "T"),
    "right": ("R", "AA", "IH", "T"),
    "on": ("AA", "N"),
    "off": ("AO", "F"),
}
_VOWELS, _CONSONANTS = tuple(VOWELS), tuple(CONSONANTS)


def other_word(rng: np.random.Generator) -> Word:
    """Draw a word that is no keyword; every fourth differs from one in one sound."""
    while True:
        word = _near_miss(rng) if rng.random() < 1 / 4 else _random_word(rng)
        if word not in KEYWORDS.values():
            return word


def _near_miss(rng: np.random.Generator) -> Word:
    """Return a keyword with a vowel or a consonant exchanged for another."""
    sounds = list(_one(rng, tuple(KEYWORDS.values())))
    place = int(rng.integers(len(sounds)))
    sounds[place] = _one(rng, _VOWELS if sounds[place] in VOWELS else _CONSONANTS)
    return tuple(sounds)


def _random_word(rng: np.random.Generator) -> Word:
    """Return one syllable with up to one consonant before and two after its vowels."""
    onset = [_one(rng, _CONSONANTS)] if rng.random() < 0.8 else []
    nucleus = [_one(rng, _VOWELS) for _ in range(1 + int(rng.random() < 0.3))]
    coda = [_one(rng, _CONSONANTS) for _ in range(int(rng.integers(3)))]
    return (*onset, *nucleus, *coda)


def _one(rng: np.random.Generator, of: tuple[T, ...]) -> T:
    return of[int(rng.integers(len(of)))]
