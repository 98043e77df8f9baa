"""Windows that a device times by itself: how many, and what they tell."""

from dataclasses import replace

import numpy as np
import pytest
from support.measured import a_block, a_case, a_result

from tierbench.harness.course import Course
from tierbench.harness.courses import course_of
from tierbench.harness.profiles import NIGHTLY, PROCUREMENT, SMOKE, Profile
from tierbench.harness.results import row
from tierbench.harness.summary import summarise
from tierbench.harness.values import Block, BlockKind, Clock, Result, Series
from tierbench.harness.windows import (
    NO_TAIL,
    NO_TIME,
    UNSEEN_CPU,
    UNSEEN_FIRST,
    WINDOW_NS,
    WindowCourse,
)
from tierbench.harness.worker import Stretch

PLAIN = Stretch(kind=BlockKind.SLICE, calls_min=20, calls_max=99, duration_ns=5)
CALLS = 5000


def a_window(index: int, mean_us: float, clock: Clock = Clock.DEVICE) -> Block:
    block = a_block(index, [mean_us], kind=BlockKind.WINDOW, calls=CALLS)
    series = Series(
        quantity="latency",
        unit="ns",
        values=np.array([round(1000 * mean_us)], np.int64),
        clock=clock,
    )
    elapsed_ns = round(1.001 * CALLS * 1000 * mean_us)
    return replace(block, worker=0, series=(series,), elapsed_ns=elapsed_ns)


def windowed(means_us: list[float], clock: Clock = Clock.DEVICE) -> Result:
    windows = tuple(a_window(i, mean, clock) for i, mean in enumerate(means_us))
    return replace(a_result(), blocks=windows)


def course(profile: Profile) -> Course:
    return course_of(a_case().workload, profile, Clock.DEVICE)


@pytest.mark.parametrize(
    ("profile", "windows"), [(SMOKE, 5), (NIGHTLY, 7), (PROCUREMENT, 7)]
)
def test_so_many_windows_make_a_result(profile: Profile, windows: int) -> None:
    found = course(profile)
    assert isinstance(found, WindowCourse)
    blocks = [a_window(i, 2000.0) for i in range(windows)]
    assert found.shortfall(blocks[1:]) == f"{windows - 1} of {windows} windows"
    assert found.shortfall(blocks) is None
    assert found.looks_needed == 1
    assert found.share_done(blocks) == 1.0


def test_a_window_lasts_ten_seconds_at_least() -> None:
    stretch = course(SMOKE).stretch(PLAIN, [])
    assert stretch.kind is BlockKind.WINDOW
    assert stretch.duration_ns == WINDOW_NS == 10_000_000_000
    assert stretch.calls_max > 10**9


def test_a_mean_is_no_tail_and_no_first_call() -> None:
    found = row(windowed([2000.0, 2001.0, 1999.0, 2000.0, 2002.0]))
    latency = found["latency_ms"]
    assert latency["median"] == pytest.approx(2.0)
    assert latency["median_ci95"] is None
    for tail in ("p90", "p99", "p90_early_stopping", "p99_early_stopping"):
        assert latency[tail] is None
        assert latency[f"{tail}_reason"] == NO_TAIL
    assert latency["first_call_reason"] == UNSEEN_FIRST
    assert latency["on_cpu_reason"] == found["off_cpu_share_reason"] == UNSEEN_CPU
    assert (found["n"], found["slices"], found["workers"]) == (5, 5, 1)


def test_seven_windows_have_an_interval() -> None:
    means = [2000.0, 2001.0, 1999.0, 2000.0, 2002.0, 2001.0, 2000.5]
    low, high = row(windowed(means))["latency_ms"]["median_ci95"]
    assert 1.999 <= low < 2.0005 < high <= 2.002


def test_throughput_is_by_the_devices_clock() -> None:
    found = summarise(windowed([2000.0] * 5))
    assert found.throughput_per_s.value == pytest.approx(500.0, rel=1e-9)


def test_no_window_is_taken_for_a_warm_up() -> None:
    found = summarise(windowed([2000.5, 2000.0, 2000.0, 2000.0, 2000.0]))
    assert found.slices == 5


def test_windows_that_only_lines_delimit_are_no_latency() -> None:
    found = row(windowed([2000.0] * 7, Clock.HOST))
    assert found["latency_ms"] is None
    assert found["latency_ms_reason"] == NO_TIME
    assert found["throughput_per_s"] is None
    assert found["throughput_per_s_reason"] == NO_TIME


def test_calls_that_are_timed_singly_are_as_before() -> None:
    found = summarise(a_result())
    assert found.clock is None
    assert found.median_ns.interval is not None
