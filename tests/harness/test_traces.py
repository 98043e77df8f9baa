"""Channels of a device's state, into blocks and out of them."""

import numpy as np
from support.watched import TIMES, a_block, slices

from tierbench.harness.monitor import Channel
from tierbench.harness.traces import kept, traces
from tierbench.harness.values import Series

CPU = Channel(reader="r", name="cpu: 1", quantity="clock", unit="Hz")


def test_a_channel_comes_out_as_it_went_in() -> None:
    series = Series(
        quantity="clock",
        unit="Hz",
        values=np.array([1e9, 2e9]),
        times=np.array([900, 1200]),
    )
    stored = kept(CPU, series, started_ns=1000)
    block = a_block(0, {})
    found = traces([type(block)(**{**_fields(block), "series": (stored,)})])
    trace = found["clock", "cpu: 1"]
    assert (trace.quantity, trace.name, trace.unit) == ("clock", "cpu: 1", "Hz")
    (part,) = trace.parts
    assert part.times.tolist() == [-100, 200]
    assert part.values.tolist() == [1e9, 2e9]
    assert part.during.tolist() == [False, True]


def _fields(block):
    return {name: getattr(block, name) for name in block.__dataclass_fields__}


def test_readings_that_failed_are_left_out() -> None:
    nan = float("nan")
    found = traces(slices(2, clock__cpu=lambda i: [nan, 2e9, nan, 3e9]))
    assert [part.times.tolist() for part in found["clock", "cpu"].parts] == [
        [TIMES[1], TIMES[3]]
    ] * 2
    assert found["clock", "cpu"].values.tolist() == [2e9, 3e9] * 2
    assert traces(slices(2, clock__cpu=lambda i: nan)) == {}


def test_other_series_are_no_channels() -> None:
    block = a_block(0, {"latency": [1, 2, 3, 4]})
    assert traces([block]) == {}
