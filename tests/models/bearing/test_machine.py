import math

import numpy as np
import pytest

from tierbench.models.bearing import machine
from tierbench.models.bearing.machine import RATE_HZ, SAMPLES, Machine, Resonance

MODE = Resonance(frequency_hz=1_280.0, damping=0.02)
STEADY = Machine(speed_hz=40.0, drift_hz=0.0, load=0.5, casing=MODE)


def machines(count):
    return [machine.running(np.random.default_rng(seed)) for seed in range(count)]


def peak_hz(signal):
    spectrum = np.abs(np.fft.rfft(signal))
    return spectrum.argmax() * RATE_HZ / SAMPLES


def test_turns_and_times_are_each_others_inverse():
    times = np.linspace(-machine.LEAD_S, machine.DURATION_S, 50)
    for some in machines(50):
        np.testing.assert_allclose(some.time_s(some.turns(times)), times, atol=1e-12)


def test_speed_drifts_from_first_to_last_sample():
    faster = Machine(speed_hz=40.0, drift_hz=4.0, load=0.5, casing=MODE)
    speed = np.diff(faster.angle) * RATE_HZ
    assert speed[0] == pytest.approx(40.0, abs=0.01)
    assert speed[-1] == pytest.approx(44.0, abs=0.01)


def test_an_impact_rings_at_the_modes_frequency_and_dies_away():
    signal = MODE.ring(np.array([0.02]), np.array([1.0]))
    assert not signal[: math.floor(0.02 * RATE_HZ)].any()
    assert peak_hz(signal) == pytest.approx(1_280.0, abs=20.0)
    # A quarter of a period after each start of a period stands its crest.
    crest = round((0.02 + 0.25 / 1_280.0) * RATE_HZ)
    later = crest + 5 * 8
    expected = math.exp(-5 / 1_280.0 / MODE.decay_s)
    assert signal[later] / signal[crest] == pytest.approx(expected)


def test_impacts_add_up():
    at, peaks = np.array([-0.001, 0.03, 0.0307]), np.array([1.0, 0.5, -2.0])
    together = MODE.ring(at, peaks)
    alone = [MODE.ring(at[i : i + 1], peaks[i : i + 1]) for i in range(3)]
    np.testing.assert_allclose(together, sum(alone))
    assert np.any(alone[0])


def test_what_no_longer_rings_is_not_heard():
    ends = np.array([-1.0, machine.DURATION_S + 1.0])
    assert not MODE.ring(ends, np.ones(2)).any()


def test_rumble_has_unit_variance_and_the_modes_colour():
    rng = np.random.default_rng(1)
    rumbles = np.stack([MODE.rumble(rng) for _ in range(200)])
    assert rumbles.shape == (200, SAMPLES)
    assert np.mean(rumbles**2) == pytest.approx(1.0, rel=0.05)
    power = np.mean(np.abs(np.fft.rfft(rumbles)) ** 2, axis=0)
    assert power.argmax() * RATE_HZ / SAMPLES == pytest.approx(1_280.0, abs=30.0)


def test_harmonics_have_the_velocity_asked_for():
    rng = np.random.default_rng(2)
    signal = machine.harmonics(rng, STEADY, [0.0, 3.0])
    assert peak_hz(signal) == pytest.approx(80.0)
    peak_mm_s2 = 3.0 * 2 * math.pi * 80.0
    assert np.abs(signal).max() == pytest.approx(peak_mm_s2 / 9_806.65, rel=0.01)


def test_a_sound_machine_keeps_within_the_sensors_range():
    for seed, some in enumerate(machines(100)):
        signal = machine.vibration(np.random.default_rng(seed), some)
        assert signal.shape == (SAMPLES,)
        assert 0.03 < signal.std() < 0.3
        assert np.abs(signal).max() < 2.0


def test_meshing_stays_below_half_the_sampling_rate():
    fastest = max(some.speed_hz + abs(some.drift_hz) for some in machines(1_000))
    assert 3 * machine._TEETH * fastest < RATE_HZ / 2
