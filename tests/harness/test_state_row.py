"""What a row says of the device's state, and why it does not say more."""

import numpy as np
from support.watched import a_block, slices

from tierbench.harness.state_row import NOTHING, UNREAD, state_row
from tierbench.harness.values import Phase


def test_clocks_before_during_and_after() -> None:
    row = state_row(slices(5, clock__cpu=lambda i: [8e8 + i, 2e9, 2e9, 9e8 + i]))
    (clock,) = row["clocks"]
    assert clock == {
        "name": "cpu",
        "during_hz": 2e9,
        "before_hz": 8e8,
        "after_hz": 9e8 + 4,
    }


def test_a_temperature_is_told_at_its_highest() -> None:
    row = state_row(slices(5, temperature__soc=lambda i: [50.0, 51.0 + i, 51.0, 52.0]))
    (found,) = row["temperatures"]
    assert found == {
        "name": "soc",
        "during_max_c": 55.0,
        "before_c": 50.0,
        "after_c": 52.0,
    }


def test_settings_are_told_in_words_in_their_order() -> None:
    row = state_row(
        slices(
            4,
            governor__cpu=lambda i: 0.0 if i < 2 else 5.0,
            power_mode__nvpmodel=lambda i: 2.0,
            boost__cpu=lambda i: 1.0,
            power_limit__gpu=lambda i: 300.0 - i,
        )
    )
    assert row["governor"] == "performance, schedutil"
    assert row["power_mode"] == "2"
    assert row["boost"] == "1"
    assert row["power_limits"] == [{"name": "gpu", "min_w": 297.0, "max_w": 300.0}]


def test_reasons_are_listed_though_none_was_set() -> None:
    row = state_row(
        slices(
            4,
            throttle__gpu=lambda i: 0.0,
            throttle__cap=lambda i: float(i == 1),
            throttle_count__cpu=lambda i: [i, i, i, i + 0.5],
        )
    )
    assert row["throttle_reasons"] == [
        {"name": "gpu", "share_of_blocks": 0.0},
        {"name": "cap", "share_of_blocks": 0.25},
    ]
    assert row["throttle_counts"] == [{"name": "cpu", "growth": 2.0}]


def test_what_was_not_read_says_why() -> None:
    assert state_row([])["clocks_reason"] == NOTHING
    row = state_row(slices(3))
    assert row["governor"] is None
    assert row["governor_reason"] == UNREAD


def test_what_was_read_only_in_part_says_why() -> None:
    nan = float("nan")
    readings = [nan, 2e9, 2e9, nan]
    (clock,) = state_row(slices(3, clock__cpu=lambda i: readings))["clocks"]
    assert clock["before_hz"] is None
    assert clock["before_hz_reason"]
    warm_up = a_block(
        0, {"clock: cpu": [2e9] * 4, "temperature: soc": [50] * 4}, Phase.WARMUP
    )
    row = state_row([warm_up])
    assert row["clocks"][0]["during_hz"] is None
    assert row["clocks"][0]["during_hz_reason"]
    assert row["temperatures"][0]["during_max_c"] is None
    assert row["temperatures"][0]["during_max_c_reason"]


def test_readings_that_all_failed_are_no_readings() -> None:
    assert state_row(slices(3, clock__cpu=lambda i: np.nan))["clocks"] is None


def test_a_sensor_that_came_late_or_vanished_tells_nothing_of_the_ends() -> None:
    """What was read around a block in the middle is not before or after all."""
    hot = {"temperature: soc": [50.0, 51.0, 52.0, 53.0]}
    gone = {"temperature: soc": [float("nan")] * 4}
    blocks = [a_block(i, hot if 2 <= i <= 5 else gone) for i in range(8)]
    (soc,) = state_row(blocks)["temperatures"]
    assert (soc["before_c"], soc["after_c"], soc["during_max_c"]) == (None, None, 53)
    assert soc["before_c_reason"] == "it was not read before any block"
    assert soc["after_c_reason"] == "it was not read after the last block"
