"""Energies with their uncertainty, and what must not be told."""

import math

import numpy as np
import pytest
from support.known_power import Seen, pulses, ramp

from tierbench.harness.energy import (
    Budget,
    energy_of,
    scatter_j,
    student,
    together,
    updates_in,
)
from tierbench.harness.errors import InputError, NotComparable
from tierbench.harness.meter import Scope, Specification, check_same_scope
from tierbench.harness.readings import curve_of

WINDOW = [(2e9, 12e9)]


def steady(watts: float = 8.0, **seen):
    """Return the curve of a meter without errors, and what it states of itself."""
    stated = Seen(**seen)
    made = Seen(**{**seen, "gain": 0.0, "offset_w": 0.0})
    found = made.record(np.random.default_rng(0), ramp(watts, 0), 14)
    return curve_of(found), stated.specification()


def test_accuracy_is_a_rectangle_of_gain_and_offset() -> None:
    curve, stated = steady(gain=0.02, offset_w=0.1)
    found = energy_of(curve, WINDOW, stated)
    assert found.energy_j == pytest.approx(80)
    assert found.mean_w == pytest.approx(8)
    assert found.budget.gain == pytest.approx(80 * 0.02 / math.sqrt(3))
    assert found.budget.offset == pytest.approx(0.1 * 10 / math.sqrt(3))
    assert found.budget.rate == pytest.approx(0, abs=1e-6)
    assert found.budget.clock == pytest.approx(0)
    half = 1.96 * math.hypot(found.budget.gain, found.budget.offset)
    assert found.budget.expanded_j() == pytest.approx(half, rel=1e-3)


def test_a_wrong_clock_costs_what_the_power_changes_at_the_ends() -> None:
    seen = Seen(gain=0, offset_w=0)
    rng = np.random.default_rng(0)
    inside = seen.record(rng, pulses(2, 10, np.array([1.0, 13.0])), 15)
    across = seen.record(rng, pulses(2, 10, np.array([2.0, 12.0])), 15)
    small = energy_of(curve_of(inside), WINDOW, seen.specification(), 0.5e9)
    large = energy_of(curve_of(across), WINDOW, seen.specification(), 0.5e9)
    assert small.budget.clock == pytest.approx(0, abs=1e-6)
    assert large.budget.clock == pytest.approx(8 * 0.5 / math.sqrt(3), rel=0.15)


def test_a_counters_stamps_and_steps_fall_on_both_ends() -> None:
    seen = {"counter": True, "quantum_j": 0.5, "update_s": 0.1}
    made = Seen(**seen, gain=0, offset_w=0, polled_s=0.02)
    rng = np.random.default_rng(0)
    curve = curve_of(made.record(rng, ramp(8, 0), 14))
    found = energy_of(curve, WINDOW, made.specification())
    stamps, steps = 8 * 0.02 / math.sqrt(6), 0.5 / math.sqrt(6)
    assert found.budget.rate >= math.hypot(stamps, steps) * 0.9


def test_channels_that_add_up_may_err_alike() -> None:
    curve, stated = steady(gain=0.02, offset_w=0.1)
    one = energy_of(curve, WINDOW, stated)
    both = together([one, one])
    assert both.energy_j == pytest.approx(2 * one.energy_j)
    assert both.duration_s == one.duration_s
    assert both.budget.gain == pytest.approx(2 * one.budget.gain)
    assert both.budget.offset == pytest.approx(2 * one.budget.offset)


def test_readings_must_hold_the_whole_window() -> None:
    curve, stated = steady()
    with pytest.raises(InputError, match="must hold all of it"):
        energy_of(curve, [(2e9, 20e9)], stated)
    with pytest.raises(InputError, match="must hold all of it"):
        energy_of(curve, [(-5e9, 5e9)], stated)


def test_updates_are_counted_in_all_stretches() -> None:
    curve, _ = steady(update_s=0.1)
    assert updates_in(curve, [(2e9, 4e9), (5e9, 6e9)]) == pytest.approx(30, abs=1)


def test_scatter_ignores_drift_and_needs_repeats() -> None:
    samples = np.full(10, 100)
    assert scatter_j(np.array([1.0, 2.0, 3.0]), np.full(3, 100)) is None
    drifting = scatter_j(np.linspace(10, 11, 10), samples)
    noisy = scatter_j(10 + np.array([0, 1.0] * 5), samples)
    assert drifting is not None
    assert noisy is not None
    assert drifting[0] == pytest.approx(0, abs=1e-9)
    # Eight bends of 2 J, of a pattern that turns every time.
    assert noisy[0] == pytest.approx(1.12 * math.sqrt(10 * 8 * 4 / 48))
    assert noisy[1] == pytest.approx(2304 / 524)


def test_more_calls_in_a_repeat_are_no_scatter() -> None:
    samples = np.array([100, 120, 90, 110, 80])
    found = scatter_j(samples * 0.5, samples)
    assert found is not None
    assert found[0] == pytest.approx(0)


def test_the_larger_of_what_was_unseen_and_the_scatter_counts_once() -> None:
    seen = Budget(gain=3.0, rate=4.0, scatter=1.0, freedom=5.0)
    assert seen.standard_j == pytest.approx(5)
    assert seen.expanded_j() == pytest.approx(1.96 * 5, rel=1e-3)
    scattered = Budget(scatter=4.0, freedom=5.0)
    assert scattered.expanded_j() == pytest.approx(student(0.975, 5) * 4)
    mixed = Budget(gain=3.0, scatter=4.0, freedom=5.0)
    assert mixed.expanded_j() == pytest.approx(student(0.975, 5 * (5 / 4) ** 4) * 5)
    assert Budget().expanded_j() == 0
    assert seen.scaled(0.5).standard_j == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("freedom", "expected"),
    [(3, 3.182), (4, 2.776), (6, 2.447), (10, 2.228), (30, 2.042), (1e9, 1.960)],
)
def test_students_quantiles_are_those_of_the_tables(freedom, expected) -> None:
    assert student(0.975, freedom) == pytest.approx(expected, rel=3e-3)


def test_energies_of_different_scope_do_not_compare() -> None:
    check_same_scope(Scope.WALL, "wall")
    with pytest.raises(NotComparable, match="'rail' and 'wall'"):
        check_same_scope(Scope.RAIL, Scope.WALL)


@pytest.mark.parametrize(
    "bad",
    [
        {"gain": -0.1},
        {"gain": math.nan},
        {"offset_w": math.inf},
        {"update_ns": 0},
        {"sampled_fraction": 1.5},
        {"quantum_j": -1.0},
    ],
)
def test_a_specification_that_no_meter_can_have_is_refused(bad) -> None:
    good = {"meter": "m", "channel": "c", "scope": Scope.RAIL, "source": "s"}
    with pytest.raises(InputError, match="meter 'm'"):
        Specification(**{**good, "update_ns": 1, "gain": 0.1, **bad})
