"""Calls that come when they are due."""

import time
from array import array

import numpy as np
import pytest

from tierbench.harness.device.arrivals import (
    due_ns,
    frames_due_ns,
    poisson_due_ns,
    serve,
)

MS = 1_000_000


def test_gaps_of_a_poisson_process_are_exponential() -> None:
    gaps = np.diff(np.array(poisson_due_ns(1000.0, "1", 50_000)))
    assert gaps.mean() == pytest.approx(MS, rel=0.02)
    assert gaps.std() == pytest.approx(MS, rel=0.03)
    assert np.mean(gaps > 2 * MS) == pytest.approx(np.exp(-2), abs=0.01)


def test_arrivals_repeat_by_their_seed() -> None:
    one = poisson_due_ns(10.0, "a", 50)
    assert one == poisson_due_ns(10.0, "a", 50)
    assert one != poisson_due_ns(10.0, "b", 50)
    assert list(one) == sorted(one)


def test_frames_of_all_streams_come_at_once() -> None:
    due = frames_due_ns(50.0, 3, 9)
    assert list(due) == [0] * 3 + [20 * MS] * 3 + [40 * MS] * 3
    assert due == due_ns({"kind": "frames", "rate_per_s": 50.0, "streams": 3}, 9)
    poisson = {"kind": "poisson", "rate_per_s": 5.0, "seed": "x"}
    assert due_ns(poisson, 9) == poisson_due_ns(5.0, "x", 9)


def test_no_call_begins_before_it_is_due() -> None:
    began: list[int] = []
    due = array("q", [0, 3 * MS, 3 * MS, 9 * MS])
    served = serve(lambda: began.append(time.perf_counter_ns()), due, 10**12)
    assert len(served.latency_ns) == len(began) == 4
    assert served.unserved == 0
    first = began[0] - (served.latency_ns[0] - served.service_ns[0])
    for moment, at in zip(began, due, strict=True):
        assert moment >= first + at - 100_000  # the stamp follows the call's start


def test_a_latency_counts_from_the_arrival_and_the_service_from_the_start() -> None:
    """One slow call makes those late that were due meanwhile: nothing is omitted."""
    left = [0.050, 0.0, 0.0]

    def act() -> None:
        time.sleep(left.pop(0))

    served = serve(act, array("q", [0, 10 * MS, 20 * MS]), 10**12)
    latency, service = list(served.latency_ns), list(served.service_ns)
    assert latency[1] >= 40 * MS
    assert latency[2] >= 30 * MS
    assert service[1] < latency[1] - 30 * MS
    assert all(a >= b for a, b in zip(latency, service, strict=True))
    waits = [a - b for a, b in zip(latency, service, strict=True)]
    assert waits[1] >= service[0] - 10 * MS - MS


def test_an_overload_ends_and_what_was_not_served_is_counted() -> None:
    served = serve(lambda: time.sleep(0.005), array("q", [0] * 100), 20 * MS)
    assert 1 <= len(served.latency_ns) <= 6
    assert served.unserved == 100 - len(served.latency_ns)
    assert served.elapsed_ns >= 5 * MS
