"""What wear does to a recording."""

from dataclasses import replace

import numpy as np
import pytest

from tierbench.models.bearing.data import recording
from tierbench.models.bearing.machine import Resonance
from tierbench.models.bearing.shifts import SHIFTS
from tierbench.models.prediction import top1
from tierbench.models.splits import Split

SPLIT = Split(seed=5, samples=64)


def recordings(name: str, severity: int) -> np.ndarray:
    return next(SHIFTS.inputs(SPLIT, SHIFTS.find(name), severity))[:, 0, :, 0]


def test_rough_races_add_rumble_to_every_machine():
    added = recordings("roughness", 4) - recordings("roughness", 0)
    power = added.std(axis=1)
    # full scale is 2 g; rumble and hiss have 0.5 to 1 times 0.12 g each
    assert power.min() > 0.12 * 0.5 * np.sqrt(2) / 2 * 0.9
    assert power.max() < 0.12 * np.sqrt(2) / 2 * 1.1


def test_clearance_touches_flaws_of_the_bearing_alone():
    clean, worn = recordings("clearance", 0), recordings("clearance", 5)
    moved = np.abs(worn - clean).mean(axis=1).reshape(-1, 8).mean(axis=0)
    names = SHIFTS.data.classes
    flawed = {"outer race", "inner race", "ball"}
    assert {name for name, away in zip(names, moved, strict=True) if away > 0} == flawed


def test_a_loose_casing_rings_lower():
    heard: list[Resonance] = []

    def loosened(machine):
        heard.append(machine.casing)
        return replace(machine, casing=replace(machine.casing, damping=0.1))

    recording(SPLIT.rng(0), "healthy", loosened)
    assert len(heard) == 1
    spectra = [
        np.abs(np.fft.rfft(recordings("resonance", severity)[1::8])) ** 2
        for severity in (0, 5)
    ]
    hertz = np.fft.rfftfreq(1024, 1 / 10_240)
    high = (hertz > 2_000) & (hertz < 4_600)
    before, after = (power[:, high].sum() / power.sum() for power in spectra)
    assert after < 0.8 * before


@pytest.mark.parametrize("name", ["clearance", "resonance"])
def test_wear_costs_the_more_accuracy_the_further_it_is(shipped, name):
    split, path = Split(seed=6, samples=1_200), shipped("bearing").file("onnx")
    labels = SHIFTS.labels(split)
    shares = []
    for severity in (0, 2, 5):
        drawn = np.concatenate(list(SHIFTS.inputs(split, SHIFTS.find(name), severity)))
        shares.append(top1(path, drawn, labels))
    assert shares[0] > shares[1] > shares[2]
    assert shares[0] - shares[2] > 0.02


def test_unworn_machines_are_as_they_were():
    plain = recording(SPLIT.rng(3), "ball")
    same = recording(SPLIT.rng(3), "ball", lambda m: replace(m, clearance=0.0))
    assert plain.tobytes() == same.tobytes()
