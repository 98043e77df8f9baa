import numpy as np
import pytest

from tierbench.models.bearing import faults
from tierbench.models.bearing.kinematics import SKF_6205
from tierbench.models.bearing.machine import (
    DURATION_S,
    LEAD_S,
    SAMPLES,
    Machine,
    Resonance,
    running,
)

FAULTS = sorted(set(faults.KINDS) - {"healthy"})
STEADY = Machine(
    speed_hz=50.0,
    drift_hz=0.0,
    load=0.2,
    casing=Resonance(frequency_hz=3_000.0, damping=0.08),
)
ORDERS = {
    "outer race": SKF_6205.outer_race_order,
    "inner race": SKF_6205.inner_race_order,
    "ball": 2 * SKF_6205.ball_spin_order,
}


def drawn(kind, count=60, machine=None):
    for seed in range(count):
        rng = np.random.default_rng(seed)
        some = running(rng) if machine is None else machine
        yield faults.KINDS[kind](rng, some)


def power_at(signals, order):
    """Return the mean power of envelopes at an order of the shaft of STEADY."""
    envelopes = np.abs(np.stack(list(signals)))
    envelopes -= envelopes.mean(axis=1, keepdims=True)
    turns = np.exp(-2j * np.pi * order * STEADY.angle)
    return np.mean(np.abs(envelopes @ turns) ** 2)


def test_health_adds_nothing():
    assert not np.any(list(drawn("healthy")))


@pytest.mark.parametrize("kind", FAULTS)
def test_fault_is_there_and_keeps_to_the_sensors_range(kind):
    for signal in drawn(kind):
        assert signal.shape == (SAMPLES,)
        assert np.isfinite(signal).all()
        assert 0.003 < signal.std() < 0.5
        assert np.abs(signal).max() < 4.0


@pytest.mark.parametrize("kind", sorted(ORDERS))
def test_flaws_strike_as_often_as_the_kinematics_say(kind):
    signals = list(drawn(kind, 40, STEADY))
    own = power_at(signals, ORDERS[kind])
    # Sidebands stand a turn of the cage (0.4) or of the shaft apart; this is between.
    others = [power_at(signals, ORDERS[kind] + by) for by in (-0.6, 0.6)]
    assert own > 3 * max(others)


def test_only_what_moves_through_the_load_zone_swells():
    shaft, turn_of_cage = 1.0, SKF_6205.cage_order
    outer, inner, ball = (
        [power_at(drawn(kind, 60, STEADY), order) for order in (shaft, turn_of_cage)]
        for kind in ("outer race", "inner race", "ball")
    )
    assert inner[0] > 10 * outer[0]
    assert ball[1] > 10 * outer[1]
    assert inner[0] > inner[1]
    assert ball[1] > ball[0]


def test_cage_rubs_once_a_turn_of_its_own():
    signals = list(drawn("cage", 60, STEADY))
    own = power_at(signals, SKF_6205.cage_order)
    assert own > 3 * power_at(signals, 3.5 * SKF_6205.cage_order)


@pytest.mark.parametrize(("kind", "order"), [("unbalance", 1), ("misalignment", 2)])
def test_shaft_faults_sound_at_their_own_harmonic(kind, order):
    for signal in drawn(kind, 20, STEADY):
        spectrum = np.abs(np.fft.rfft(signal))
        assert spectrum.argmax() == round(order * STEADY.speed_hz * DURATION_S)


def test_looseness_repeats_every_other_turn():
    two_turns = round(2 / STEADY.speed_hz / DURATION_S * SAMPLES)
    likeness = {
        lag: np.mean(
            [
                np.corrcoef(s[:-lag], s[lag:])[0, 1]
                for s in drawn("looseness", 40, STEADY)
            ]
        )
        for lag in (two_turns // 4, two_turns // 2, two_turns)
    }
    quarter, half, whole = likeness.values()
    assert whole > 0.5 > quarter
    assert half > quarter


def test_slip_makes_impacts_uneven_by_one_or_two_per_cent():
    order = SKF_6205.outer_race_order
    gaps = [
        order * np.diff(faults._events(np.random.default_rng(seed), STEADY, order))
        for seed in range(200)
    ]
    assert np.mean(np.concatenate(gaps)) == pytest.approx(1.0, abs=0.002)
    assert 0.01 < np.std(np.concatenate(gaps)) < 0.02


def test_impacts_cover_the_whole_recording():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        some = running(rng)
        for order in (SKF_6205.outer_race_order, SKF_6205.inner_race_order):
            times = some.time_s(faults._events(rng, some, order))
            gap = 1 / (order * some.speed_hz)
            assert times[0] < -LEAD_S + 1.2 * gap
            assert times[-1] > DURATION_S


def test_load_zone_is_part_of_a_turn():
    turns = np.linspace(0.0, 1.0, 1_000)
    for seed in range(50):
        rng = np.random.default_rng(seed)
        load = faults._load_zone(rng, running(rng), turns)
        assert load.min() == 0.0
        assert load.max() == pytest.approx(1.0, abs=1e-3)
        assert 0.3 < np.mean(load > 0) <= 0.51
