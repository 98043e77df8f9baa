"""What each demand of a block comes to."""

import pytest
from support.counting_session import CountingSession, TimedSession

from tierbench.harness.demand import (
    Demand,
    DeviceTimed,
    Frames,
    Poisson,
    Queries,
    Stages,
)
from tierbench.harness.device.demands import Bounds, run
from tierbench.harness.device.session import Camera, SessionError

BOUNDS = Bounds(1, 10, 10**12)
POISSON = Poisson(rate_per_s=1e5, seed="1")
FRAMES = Frames(rate_per_s=1e4, streams=2)


class Frame(Camera):
    def preprocess(self):
        pass

    def postprocess(self):
        pass


@pytest.mark.parametrize(
    ("demand", "calls"),
    [(Queries(calls=3), 30), (POISSON, 10), (Stages(), 20), (FRAMES, 10)],
    ids=lambda value: getattr(value, "kind", None),
)
def test_a_demand_brings_the_series_that_it_names(demand: Demand, calls: int) -> None:
    session = CountingSession()
    found = run(session, Frame(), demand.plain, BOUNDS)
    assert session.calls == calls
    assert {"latency", *demand.series} <= set(found.series)
    assert len(found.series["latency"]) == 10
    assert found.elapsed_ns > 0


@pytest.mark.parametrize("demand", [POISSON, FRAMES], ids=lambda d: d.kind)
def test_calls_that_are_due_say_how_many_were_not_served(demand: Demand) -> None:
    found = run(CountingSession(), Frame(), demand.plain, Bounds(1, 10, 10**12))
    assert found.told == {"unserved": 0}


@pytest.mark.parametrize("demand", [Stages(), FRAMES], ids=lambda d: d.kind)
def test_frames_need_a_camera(demand: Demand) -> None:
    with pytest.raises(SessionError, match="none were given"):
        run(CountingSession(), None, demand.plain, BOUNDS)


def test_an_unknown_demand_is_named() -> None:
    with pytest.raises(SessionError, match="'tide'"):
        run(CountingSession(), None, {"kind": "tide"}, BOUNDS)


def test_a_device_times_the_calls_that_are_timed_from_outside() -> None:
    session = TimedSession()
    found = run(session, None, DeviceTimed().plain, BOUNDS)
    assert session.calls == len(found.series["latency"]) == 10
    assert found.series["device"].tolist() == [7] * 10


def test_a_device_without_a_clock_is_not_asked_for_its_time() -> None:
    with pytest.raises(SessionError, match="no time of its own"):
        run(CountingSession(), None, DeviceTimed().plain, BOUNDS)
