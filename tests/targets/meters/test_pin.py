"""When a Joulescope's input fell, out of messages of packed bits."""

from typing import Any

import numpy as np
import pytest

from tierbench.harness.errors import MeterError
from tierbench.targets.meters.pin import Pin

RATE, DECIMATE = 2_000_000, 2


def messages(levels: np.ndarray, sizes: list[int], first: int = 0) -> list[Any]:
    """Return levels as the driver sends them, in messages of so many samples."""
    found, at = [], 0
    for size in sizes:
        packed = np.packbits(levels[at : at + size], bitorder="little")
        found.append(
            {
                "sample_id": first + DECIMATE * at,
                "sample_rate": RATE,
                "decimate_factor": DECIMATE,
                "data": packed,
            }
        )
        at += size
    return found


def levels(length: int, falls: list[int], low: int = 20) -> np.ndarray:
    found = np.ones(length, np.uint8)
    for fall in falls:
        found[fall : fall + low] = 0
    return found


@pytest.mark.parametrize("sizes", [[1000], [500, 500], [301, 7, 292, 400], [8] * 125])
def test_falls_are_found_wherever_messages_end(sizes: list[int]) -> None:
    falls = [10, 301, 500, 900]
    pin = Pin()
    for message in messages(levels(1000, falls), sizes, first=4_000_000):
        pin.take(message)
    expected = [(4_000_000 + DECIMATE * fall) / RATE for fall in falls]
    assert pin.falls_s() == pytest.approx(expected, abs=1e-9)


def test_an_input_that_is_low_from_the_start_has_not_fallen() -> None:
    pin = Pin()
    for message in messages(np.zeros(64, np.uint8), [32, 32]):
        pin.take(message)
    assert pin.falls_s() == []


def test_lost_samples_are_told() -> None:
    pin = Pin()
    first, _, last = messages(levels(96, [40]), [32, 32, 32])
    pin.take(first)
    pin.take(last)
    with pytest.raises(MeterError, match="lost 32 samples"):
        pin.falls_s()


def test_an_input_without_samples_says_so() -> None:
    with pytest.raises(MeterError, match="no samples of its input"):
        Pin().falls_s()
