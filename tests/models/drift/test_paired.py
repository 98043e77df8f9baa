import numpy as np
import pytest

from tierbench.models.drift.paired import paired_drop


def test_drop_counts_what_was_lost_and_what_was_won():
    before = np.array([True] * 90 + [False] * 10)
    after = before.copy()
    after[:7] = False
    after[-2:] = True
    value, interval = paired_drop(before, after)
    assert value == pytest.approx(0.05)
    assert interval.low < 0.05 < interval.high


def test_no_change_has_an_interval_around_zero():
    same = np.ones(400, bool)
    value, interval = paired_drop(same, same)
    assert value == 0.0
    assert interval.low < 0.0 < interval.high
    assert interval.high < 0.01


def test_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1_000):
        chance = rng.random(300)
        before, after = chance < 0.9, (chance < 0.8) | (chance > 0.97)
        _, interval = paired_drop(before, after)
        held += interval.low <= 0.9 - 0.83 <= interval.high
    assert held >= 930
