"""What the shifts of the factory hall do to a clip."""

import numpy as np

from tierbench.models.keyword.data import clip
from tierbench.models.keyword.shifts import SHIFTS
from tierbench.models.splits import Split

SPLIT = Split(seed=5, samples=40)
SILENCE = 9


def levels(name: str, severity: int) -> np.ndarray:
    return next(SHIFTS.inputs(SPLIT, SHIFTS.find(name), severity))


def test_known_noise_grows_by_the_decibels_told():
    # a level is 80 dB wide; with no word in it a clip is nothing but noise
    silent = slice(SILENCE, None, 10)
    grown = levels("loudness", 2)[silent] - levels("loudness", 0)[silent]
    assert abs(float(np.median(grown)) * 80.0 - 5.0) < 0.5


def test_machines_are_heard_where_there_was_silence():
    silent = slice(SILENCE, None, 10)
    means = [levels("machines", severity)[silent].mean() for severity in (0, 3, 5)]
    assert means[0] < means[1] < means[2]


def test_a_hall_fills_the_pauses_behind_a_word_and_adds_nothing_to_silence():
    dry, wet = levels("reverberation", 0), levels("reverberation", 5)
    silent = slice(SILENCE, None, 10)
    assert np.array_equal(dry[silent], wet[silent])
    assert wet[:8].mean() > dry[:8].mean()


def test_a_change_that_changes_nothing_leaves_the_sound_as_it_was():
    plain = clip(SPLIT.rng(0), "yes")
    same = clip(SPLIT.rng(0), "yes", lambda behind, word: behind + word)
    assert np.array_equal(plain, same)
