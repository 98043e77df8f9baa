"""Shifts of every reference model: clean at 0, deterministic, ever further off."""

from importlib.metadata import entry_points
from itertools import pairwise

import numpy as np
import pytest
from support.shipped import NAMES

from tierbench.harness import registry
from tierbench.harness.errors import NotFound
from tierbench.models.shift import SEVERITY_MAX, Shift, Shifts
from tierbench.models.splits import Split

SAMPLES = 24
SPLIT = Split(seed=0x7465, samples=SAMPLES)


def found(name: str) -> Shifts:
    shifts: Shifts = registry.find(registry.SHIFTS, name)
    return shifts


ALL = [(name, shift.name) for name in NAMES for shift in found(name).shifts]

RETIMED = {("bearing", "clearance"), ("bearing", "resonance")}
"""Here impacts come at other moments, or ring at another pitch, from the first step on:
samples are not compared point by point, but in bearing/test_shifts.py by accuracy."""

every_shift = pytest.mark.parametrize(("name", "shift"), ALL)


def drawn(shifts: Shifts, shift: Shift | None, severity: int) -> np.ndarray:
    return np.concatenate(list(shifts.inputs(SPLIT, shift, severity)))


def test_every_reference_model_has_shifts():
    points = entry_points(group="tierbench.shifts")
    assert sorted(point.name for point in points) == NAMES
    assert all(len(found(name).shifts) >= 3 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_severity_0_is_the_clean_sample_to_the_last_bit(name):
    shifts = found(name)
    split = shifts.data.splits["evaluation"]
    for shift in (None, *shifts.shifts):
        for index in (0, 1, 7, 500):
            clean = shifts.data.sample("evaluation", index)
            assert shifts.sample(split, index, shift, 0).tobytes() == clean.tobytes()


@every_shift
def test_shifted_samples_are_the_same_every_time_and_in_any_portions(name, shift):
    shifts = found(name)
    one = shifts.find(shift)
    first = drawn(shifts, one, 3)
    again = list(shifts.inputs(SPLIT, one, 3, portion=7))
    assert [len(part) for part in again] == [7, 7, 7, 3]
    assert np.concatenate(again).tobytes() == first.tobytes()


@pytest.mark.parametrize(
    ("name", "shift"), [pair for pair in ALL if pair not in RETIMED]
)
def test_each_step_moves_samples_further_from_the_clean_ones(name, shift):
    shifts = found(name)
    one = shifts.find(shift)
    clean = drawn(shifts, None, 0)
    away = [
        float(np.abs(drawn(shifts, one, severity) - clean).mean())
        for severity in range(SEVERITY_MAX + 1)
    ]
    assert away[0] == 0.0
    assert away[1] > 0.0
    assert away[SEVERITY_MAX] > 1.2 * away[1]
    assert all(after > 0.97 * before for before, after in pairwise(away))


@every_shift
def test_inputs_stay_what_the_model_takes(name, shift):
    shifts = found(name)
    clean, shifted = (
        drawn(shifts, shifts.find(shift), severity) for severity in (0, SEVERITY_MAX)
    )
    assert shifted.shape == clean.shape
    assert shifted.dtype == np.float32
    assert shifted.min() >= -1.0
    assert shifted.max() <= 1.0


def test_a_shift_draws_from_a_stream_of_its_own():
    shifts = found("defect")
    streams = [SPLIT.rng(3), SPLIT.rng(4)]
    streams += [shift.rng(SPLIT, index) for shift in shifts.shifts for index in (3, 4)]
    numbers = [set(rng.integers(1 << 62, size=200).tolist()) for rng in streams]
    assert len(set().union(*numbers)) == sum(map(len, numbers))


def test_labels_are_the_classes_in_turn():
    shifts = found("keyword")
    labels = shifts.labels(Split(seed=1, samples=25))
    assert labels.tolist() == [n % 10 for n in range(25)]


def test_an_unknown_shift_is_told_with_those_there_are():
    with pytest.raises(NotFound, match=r"no shift 'fog'; known: blur, lighting"):
        found("defect").find("fog")
