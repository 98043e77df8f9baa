"""From a meter's readings to a curve of power."""

import numpy as np
import pytest
from support.known_power import Seen, pulses, ramp

from tierbench.harness.errors import InputError
from tierbench.harness.meter import Recording
from tierbench.harness.readings import curve_of, update_ns
from tierbench.harness.values import Series

MS = 1_000_000


def recording(values, times_ms, quantity="power", late_ms=0.0, **seen) -> Recording:
    return Recording(
        specification=Seen(**seen).specification(),
        series=Series(
            quantity=quantity,
            unit="W" if quantity == "power" else "J",
            values=np.array(values, dtype=float),
            times=np.array(np.array(times_ms, dtype=float) * MS, dtype=np.int64),
        ),
        late_ns=round(late_ms * MS),
    )


def test_an_averaging_sensors_readings_hold_for_the_period_before_them() -> None:
    curve = curve_of(recording([1.0, 3.0, 2.0], [100, 200, 300]))
    assert curve.span_ns == (0, 300 * MS)
    assert curve.energy_j(0, 300 * MS) == pytest.approx(0.6)
    assert curve.energy_j(50 * MS, 150 * MS) == pytest.approx(0.05 + 0.15)
    assert curve.unseen.tolist() == [0, 0]


def test_point_readings_are_joined_by_straight_lines() -> None:
    curve = curve_of(recording([1.0, 3.0, 2.0], [100, 200, 300], fraction=0.0))
    assert curve.energy_j(100 * MS, 300 * MS) == pytest.approx(0.2 + 0.25)
    assert curve.energy_j(100 * MS, 150 * MS) == pytest.approx(0.05 * 1.5)
    assert curve.unseen.tolist() == [1, 1]


def test_what_was_dropped_is_bridged_and_counts_as_unseen() -> None:
    curve = curve_of(recording([1.0, 1.0, 5.0], [100, 200, 500]))
    assert curve.unseen.tolist() == pytest.approx([0, 2 / 3])
    assert curve.energy_j(200 * MS, 400 * MS) == pytest.approx(0.2 * 3)
    assert curve.energy_j(400 * MS, 500 * MS) == pytest.approx(0.5)


def test_beyond_its_ends_the_power_stays() -> None:
    curve = curve_of(recording([1.0, 3.0], [100, 200]))
    assert curve.energy_j(-100 * MS, 0) == pytest.approx(0.1)
    assert curve.energy_j(200 * MS, 300 * MS) == pytest.approx(0.3)


def test_failed_readings_are_left_out() -> None:
    curve = curve_of(recording([1.0, np.nan, 1.0], [100, 200, 300]))
    assert curve.unseen.tolist() == [0.5]


def test_a_counter_that_went_back_has_wrapped_once_by_its_range() -> None:
    found = recording([9.0, 9.5, 0.5], [0, 100, 200], "energy", range_j=10.0)
    assert curve_of(found).power_w.tolist() == pytest.approx([5.0, 10.0])


def test_a_counter_without_range_that_went_back_was_reset_and_saw_nothing() -> None:
    found = recording([9.0, 9.5, 0.5, 1.0], [0, 100, 200, 300], "energy")
    curve = curve_of(found)
    assert curve.power_w.tolist() == pytest.approx([5.0, 5.0])
    assert curve.unseen.tolist() == pytest.approx([0.5])


def test_polls_between_updates_count_once_and_lose_their_mean_lateness() -> None:
    times = np.arange(0, 1000, 20)
    values = np.floor(times / 100)
    curve = curve_of(recording(values, times, late_ms=20))
    assert curve.power_w.tolist()[:3] == [1.0, 2.0, 3.0]
    assert curve.times_ns[:3].tolist() == [90 * MS, 190 * MS, 290 * MS]


def test_a_reading_that_stands_was_renewed_and_is_seen() -> None:
    times = np.arange(0, 1000, 20)
    values = np.where(times < 200, 0.0, np.where(times < 700, 1.0, 2.0))
    curve = curve_of(recording(values, times))
    assert curve.power_w.tolist() == [1.0, 1.0, 2.0, 2.0]
    assert curve.times_ns.tolist() == [200 * MS, 600 * MS, 700 * MS, 980 * MS]
    assert curve.unseen.tolist() == [0, 0, 0]


@pytest.mark.parametrize("true_s", [0.1, 0.5625])
def test_the_update_period_is_found_by_measurement(true_s: float) -> None:
    rng = np.random.default_rng(3)
    seen = Seen(update_s=true_s, polled_s=0.02, noise=0.01)
    found = update_ns(seen.record(rng, ramp(5, 0.1), 60))
    assert found == pytest.approx(true_s * 1e9, rel=0.05)


def test_no_update_period_is_found_where_every_poll_differs() -> None:
    rng = np.random.default_rng(3)
    assert update_ns(Seen(noise=0.01).record(rng, ramp(5, 0.1), 60)) is None
    assert update_ns(recording([1.0, 1.0, 1.0, 1.0], [0, 1, 2, 3])) is None


@pytest.mark.parametrize(
    ("values", "times", "why"),
    [
        ([1.0], [0], "two or more"),
        ([], [], "two or more"),
        ([np.nan, 1.0], [0, 1], "two or more"),
        ([1.0, 2.0], [5, 5], "increase"),
        ([1.0] * 9, range(0, 90, 10), "never changed"),
    ],
)
def test_readings_that_say_nothing_are_refused(values, times, why) -> None:
    with pytest.raises(InputError, match=why):
        curve_of(recording(values, times))


def test_energy_of_a_known_pulse_is_exact() -> None:
    rng = np.random.default_rng(1)
    energy = pulses(2, 10, np.array([1.0, 3.0]))
    seen = Seen(update_s=0.01, gain=0, offset_w=0)
    curve = curve_of(seen.record(rng, energy, 5))
    assert curve.energy_j(0.5e9, 4.5e9) == pytest.approx(2 * 4 + 8 * 2)
