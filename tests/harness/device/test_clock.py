"""Stretches of timed calls."""

import time

import pytest

from tierbench.harness.device import clock
from tierbench.harness.device.session import Session, SessionError


class Counting(Session):
    """A session that counts its calls and lets known time pass."""

    def __init__(self, on_cpu: bool = False, depth: int = 1) -> None:
        self.on_cpu = on_cpu
        self.depth = depth
        self.calls = 0
        self.under_way: list[int] = []
        self.most_under_way = 0

    def inputs(self):
        return []

    def bind(self, tensors):
        pass

    def infer(self):
        self.calls += 1

    def submit(self, slot):
        assert slot not in self.under_way
        self.calls += 1
        self.under_way.append(slot)
        self.most_under_way = max(self.most_under_way, len(self.under_way))

    def wait(self):
        return self.under_way.pop(0)

    def outputs(self):
        return []

    def ran(self):
        return {}


@pytest.mark.parametrize("on_cpu", [False, True])
def test_the_bounds_on_calls_hold(on_cpu: bool) -> None:
    session = Counting(on_cpu)
    stretch = clock.run_calls(session, calls_min=7, calls_max=100, duration_ns=0)
    assert session.calls == len(stretch.latency_ns) == 7
    session = Counting(on_cpu)
    stretch = clock.run_calls(session, calls_min=1, calls_max=5, duration_ns=10**12)
    assert session.calls == len(stretch.latency_ns) == 5


def test_latencies_and_gaps_make_up_the_time() -> None:
    stretch = clock.run_calls(Counting(), 50, 50, 0)
    assert sum(stretch.latency_ns) + sum(stretch.gap_ns) == stretch.elapsed_ns
    assert len(stretch.gap_ns) == 49


def test_time_off_the_cpu_is_seen() -> None:
    class Sleeping(Counting):
        def infer(self):
            time.sleep(0.005)

    stretch = clock.run_calls(Sleeping(on_cpu=True), 3, 3, 0)
    assert all(off > 2_000_000 for off in stretch.off_cpu_ns)
    assert not len(clock.run_calls(Sleeping(), 1, 1, 0).off_cpu_ns)


def test_overlapped_calls_fill_every_slot_and_drain() -> None:
    session = Counting(depth=4)
    stretch = clock.run_overlapped(session, calls_max=40, duration_ns=10**12)
    assert session.most_under_way == 4
    assert not session.under_way
    assert len(stretch.latency_ns) == session.calls == 40


def test_a_session_that_cannot_overlap_says_so() -> None:
    class Plain(Counting):
        submit = Session.submit
        wait = Session.wait

    with pytest.raises(SessionError, match="cannot overlap"):
        clock.run_overlapped(Plain(), 1, 0)


@pytest.mark.parametrize(("depth", "most"), [(1, 0), (3, 3), (16, 8)])
def test_a_query_is_all_its_calls_as_many_at_once_as_may_be(depth, most) -> None:
    session = Counting(depth=depth)
    stretch = clock.run_queries(session, 8, 1, 5, 10**12)
    assert session.calls == 40
    assert session.most_under_way == most
    assert not session.under_way
    assert len(stretch.latency_ns) == 5
    assert sum(stretch.latency_ns) + sum(stretch.gap_ns) == stretch.elapsed_ns


def test_the_time_ends_queries_after_the_least_of_them() -> None:
    assert len(clock.run_queries(Counting(), 2, 3, 100, 0).latency_ns) == 3
