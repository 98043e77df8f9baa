"""Does the stated uncertainty of an energy hold the truth, and no more than it must?

Each trial draws a waveform, a meter with its own gain and offset within what it states,
and the phase of everything. ``TIERBENCH_TRIALS`` asks for more trials.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest
from support.known_power import Energy, Seen, pulses, ramp, square

from tierbench.harness.energy import energy_of
from tierbench.harness.readings import curve_of

pytestmark = pytest.mark.simulation

TRIALS = int(os.environ.get("TIERBENCH_TRIALS", "1000"))
LENGTH_S = 12.0

Waveform = Callable[[np.random.Generator, float], Energy]


def a_square(rng: np.random.Generator, begin_s: float) -> Energy:
    low, high = rng.uniform(1, 5), rng.uniform(8, 15)
    return square(low, high, rng.uniform(0.3, 4), rng.random())


def a_ramp(rng: np.random.Generator, begin_s: float) -> Energy:
    return ramp(rng.uniform(2, 8), rng.uniform(-0.1, 0.5))


def a_pulse(rng: np.random.Generator, begin_s: float) -> Energy:
    """The window itself: power changes exactly at its ends."""
    edges = np.array([begin_s, begin_s + LENGTH_S])
    return pulses(rng.uniform(1, 5), rng.uniform(8, 15), edges)


WAVEFORMS = {"square": a_square, "ramp": a_ramp, "pulse": a_pulse}
METERS = {
    "averaging": Seen(),
    "polled": Seen(polled_s=0.03),
    "25 % duty": Seen(fraction=0.25),
    "25 % duty, accurate": Seen(fraction=0.25, gain=0.002, offset_w=0.0),
    "points": Seen(fraction=0.001, gain=0.005),
    "noisy": Seen(noise=0.02),
    "dropped 10 %": Seen(dropped=0.1, gain=0.002, offset_w=0.0),
    "dropped 30 %": Seen(dropped=0.3, gain=0.005),
    "counter that wraps": Seen(counter=True, range_j=37, quantum_j=1e-3, update_s=0.02),
    "coarse counter": Seen(counter=True, quantum_j=0.1, polled_s=0.02, gain=0.005),
}


def trials(
    seen: Seen, waveform: Waveform, skew_s: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the errors and the stated half-widths of all trials, in J."""
    rng = np.random.default_rng(70)
    found = np.empty((TRIALS, 2))
    for row in found:
        begin_s = rng.uniform(2, 3)
        end_s = begin_s + LENGTH_S
        energy = waveform(rng, begin_s)
        skew = rng.uniform(-skew_s, skew_s)
        recording = seen.record(rng, energy, end_s + 2, skew)
        window = [(begin_s * 1e9, end_s * 1e9)]
        told = energy_of(
            curve_of(recording), window, recording.specification, skew_s * 1e9
        )
        truth = float(energy(np.array(end_s)) - energy(np.array(begin_s)))
        row[:] = told.energy_j - truth, told.budget.expanded_j()
    return found[:, 0], found[:, 1]


def check(errors: np.ndarray, halves: np.ndarray) -> None:
    covered = np.mean(np.abs(errors) <= halves)
    actual = 1.96 * np.sqrt(np.mean(errors**2))
    assert covered >= 0.95, covered
    assert np.mean(halves) <= 2 * actual, np.mean(halves) / actual


@pytest.mark.parametrize("waveform", WAVEFORMS.values(), ids=WAVEFORMS)
@pytest.mark.parametrize("seen", METERS.values(), ids=METERS)
def test_the_truth_lies_within(seen: Seen, waveform: Waveform) -> None:
    check(*trials(seen, waveform))


@pytest.mark.parametrize("waveform", WAVEFORMS.values(), ids=WAVEFORMS)
@pytest.mark.parametrize("skew_s", [0.01, 0.1, 0.5])
def test_the_truth_lies_within_for_a_clock_that_is_off(
    skew_s: float, waveform: Waveform
) -> None:
    check(*trials(Seen(gain=0.002), waveform, skew_s))
