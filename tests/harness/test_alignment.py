"""A meter's clock found from the pattern that the load shows."""

import numpy as np
import pytest
from support.known_power import Seen, pulses

from tierbench.harness.alignment import align
from tierbench.harness.errors import InputError
from tierbench.harness.metering import MARKER

WIDE = (-2e9, 2e9)


def a_load(rng: np.random.Generator, step_s: float) -> tuple[np.ndarray, float]:
    """Return edges of the marker and ten busy seconds, and when all is over."""
    moment, edges = 6 + rng.uniform(0, 1), []
    for high in MARKER:
        length = step_s * rng.uniform(1, 1.05)
        if high:
            edges += [moment, moment + 0.999 * length]
        moment += length + 0.002
    for _ in range(10):
        edges += [moment, moment + 1.0]
        moment += 1.002
    return np.array(edges), moment + 6


def aligned(seen: Seen, rng: np.random.Generator, skew_s: float, offsets=WIDE):
    edges, end_s = a_load(rng, max(0.2, 5 * seen.update_s))
    recording = seen.record(rng, pulses(2, 7, edges), end_s, skew_s)
    times = np.asarray(recording.series.times, dtype=np.float64)
    return align(
        times,
        np.asarray(recording.series.values),
        [(a, b) for a, b in (edges * 1e9).reshape(-1, 2).astype(np.int64)],
        seen.fraction * seen.update_s * 1e9,
        offsets,
        (0.5e9, (end_s - 1) * 1e9),
    )


@pytest.mark.parametrize(
    "seen",
    [
        Seen(),
        Seen(noise=0.05),
        Seen(fraction=0.25),
        Seen(fraction=0.001, noise=0.03),
        Seen(dropped=0.1, noise=0.02),
        Seen(update_s=1.0, noise=0.01),
    ],
    ids=["averaging", "noisy", "25 % duty", "points", "dropped", "slow"],
)
def test_the_offset_lies_within_its_stated_error(seen: Seen) -> None:
    rng = np.random.default_rng(5)
    errors = []
    for _ in range(60):
        skew_s = rng.uniform(-0.5, 0.5)
        found = aligned(seen, rng, skew_s)
        errors.append((found.offset_ns + skew_s * 1e9, found.error_ns))
    off, stated = np.array(errors).T
    assert np.mean(np.abs(off) <= stated) >= 0.95
    assert stated.mean() <= 0.08e9 * max(1.0, seen.update_s / 0.1)


def test_a_clock_that_is_hours_off_is_found() -> None:
    rng = np.random.default_rng(5)
    skew_s = 3000.25
    found = aligned(Seen(), rng, skew_s, (-3100e9, -2900e9))
    assert abs(found.offset_ns + skew_s * 1e9) <= found.error_ns
    assert found.explained > 0.9


def test_a_file_of_something_else_is_refused() -> None:
    rng = np.random.default_rng(5)
    times = np.arange(300) * 1e8
    with pytest.raises(InputError, match="is it the right file"):
        align(times, rng.normal(5, 1, 300), [(5e9, 6e9)], 1e8, WIDE, (0, 3e10))


def test_a_pattern_that_repeats_is_refused() -> None:
    edges = np.arange(0, 30) * 1.0
    rng = np.random.default_rng(5)
    recording = Seen().record(rng, pulses(2, 7, edges), 30)
    times = np.asarray(recording.series.times, dtype=np.float64)
    busy = [(a, b) for a, b in (edges[10:20] * 1e9).reshape(-1, 2).astype(np.int64)]
    with pytest.raises(InputError, match="found twice"):
        align(
            times, np.asarray(recording.series.values), busy, 1e8, (-6e9, 6e9),
            (10e9, 20e9),
        )  # fmt: skip


def test_too_many_offsets_are_refused() -> None:
    with pytest.raises(InputError, match="cut its file"):
        aligned(Seen(), np.random.default_rng(5), 0.0, (-1e14, 1e14))


@pytest.mark.parametrize(("count", "period_ns"), [(1, 1e6), (10, 1e6), (40, 1e4)])
def test_a_few_readings_follow_no_pattern(count: int, period_ns: float) -> None:
    times = np.arange(count) * period_ns
    busy = [(place * 10**9, place * 10**9 + 5 * 10**8) for place in range(5)]
    with pytest.raises(InputError, match=r"whole run|would have to be tried"):
        align(times, times % 3, busy, period_ns, (-1e9, 1e9), (0.0, 5e9))
