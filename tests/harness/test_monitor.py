"""The monitor's real process, and every way its readers go wrong."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from tierbench.harness import monitor as monitor_module
from tierbench.harness.errors import (
    CaseError,
    TargetUnavailable,
    WorkerDied,
    WorkerTimeout,
)
from tierbench.harness.monitor import Monitor

COUNTING = "support.counting_reader"
PERIOD_NS = 5_000_000


@contextmanager
def watching(*options: dict[str, Any]) -> Iterator[Monitor]:
    with Monitor((COUNTING,), [(COUNTING, each) for each in options]) as monitor:
        yield monitor


def sampled(monitor: Monitor, seconds: float = 0.1, period_ns: int = PERIOD_NS) -> Any:
    monitor.start(period_ns)
    time.sleep(seconds)
    return monitor.stop()


def test_each_channel_is_one_series_on_the_machines_monotonic_clock() -> None:
    with watching({}) as monitor:
        names = [(c.reader, c.name, c.quantity, c.unit) for c in monitor.channels]
        before = time.monotonic_ns()
        count, share = sampled(monitor)
        after = time.monotonic_ns()
    assert names == [(COUNTING, "count", "count", ""), (COUNTING, "half", "share", "%")]
    assert (count.quantity, count.unit) == ("count", "")
    assert (share.quantity, share.unit) == ("share", "%")
    assert count.values.tolist() == [*range(1, len(count.values) + 1)]
    assert len(count.values) >= 5
    assert before < count.times[0] < count.times[-1] < after
    assert (np.diff(count.times) > 0).all()


def test_sampling_again_begins_anew() -> None:
    with watching({}) as monitor:
        first = sampled(monitor)[0]
        second = sampled(monitor)[0]
    assert second.times[0] > first.times[-1]
    assert second.values[0] == first.values[-1] + 1


def test_the_period_is_kept_on_its_beats_without_drift() -> None:
    with watching({}) as monitor:
        times = sampled(monitor, seconds=1.0, period_ns=20_000_000)[0].times
    beats = (times[:-1] - times[0]) / 20e6
    assert 25 <= len(times) <= 52
    assert np.median(np.abs(beats - np.round(beats))) < 0.25


def test_a_slow_reader_leaves_beats_out_and_never_lags_behind() -> None:
    with watching({"takes_s": 0.03}) as monitor:
        began = time.monotonic()
        count = sampled(monitor, seconds=0.3, period_ns=20_000_000)[0]
        assert time.monotonic() - began < 2.0
    assert 3 <= len(count.values) <= 12


def test_the_last_sample_is_taken_when_it_is_stopped() -> None:
    with watching({}) as monitor:
        monitor.start(3600 * 10**9)
        time.sleep(0.05)
        asked = time.monotonic_ns()
        (count, _) = monitor.stop()
    assert len(count.times) == 2
    assert count.times[-1] >= asked


@pytest.mark.parametrize("fault", ["raise", "short", "words", "half"])
def test_what_cannot_be_read_is_no_number(fault: str) -> None:
    with watching({"fault": fault}, {}) as monitor:
        failing, half, sound, _ = sampled(monitor)
    assert np.isnan(half.values).any()
    assert np.isnan(failing.values).any() == (fault != "half")
    assert np.isfinite(sound.values).all()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("nothing", "there is nothing to read here"),
        ("vendor", "OSError: libvendor.so.1: cannot open"),
    ],
)
def test_a_reader_that_cannot_be_opened_says_why(fault: str, reason: str) -> None:
    with watching({"fault": fault}) as monitor:
        assert monitor.missing == {COUNTING: reason}
        assert monitor.channels == ()
        assert sampled(monitor) == ()


def test_a_module_that_is_none_says_so() -> None:
    with Monitor((), [("no.such.reader", {})]) as monitor:
        assert "No module named" in monitor.missing["no.such.reader"]


def test_steps_in_the_wrong_order_are_refused() -> None:
    with watching({}) as monitor:
        with pytest.raises(CaseError, match="not sampling"):
            monitor.stop()
        with pytest.raises(CaseError, match="above 0 ns, not -1"):
            monitor.start(-1)
        monitor.start(PERIOD_NS)
        with pytest.raises(CaseError, match="sampling already"):
            monitor.start(PERIOD_NS)


def test_a_reader_that_hangs_ends_the_monitor_at_its_limit(monkeypatch) -> None:
    monkeypatch.setattr(monitor_module, "CALL_LIMIT_S", 0.3)
    with watching({"fault": "hang"}) as monitor:  # noqa: SIM117
        with pytest.raises(WorkerTimeout, match=r"'start' within 0\.3 s"):
            monitor.start(PERIOD_NS)


def test_a_monitor_that_was_killed_is_an_error() -> None:
    with watching({}) as monitor:
        monitor.start(PERIOD_NS)
        os.kill(monitor.pid, signal.SIGKILL)
        with pytest.raises(WorkerDied, match="SIGKILL"):
            monitor.stop()


def test_a_python_that_is_none_is_unavailable() -> None:
    with pytest.raises(TargetUnavailable):
        Monitor((), [], "/nowhere/python")
