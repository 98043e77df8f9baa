"""The simulated device's temperature."""

import math
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from store_examples import example_case
from support.sessions import LIMITS, session

from tierbench.harness.demand import Frames, Poisson, Queries, Stages
from tierbench.harness.values import BlockKind
from tierbench.harness.worker import Stretch
from tierbench.targets.sim import Sim
from tierbench.targets.sim.heat import Heat

_devices = count()
SLICE = Stretch(kind=BlockKind.SLICE, calls_min=1, calls_max=10**6, duration_ns=10**9)


def loaded(heat: float, seconds: float, call_s: float = 0.1) -> tuple[Heat, list]:
    """Return a device's heat after a load, and how far calls were stretched."""
    device, settings = Heat(), {"heat": heat, "heat_s": 60.0}
    time_s, found = 0.0, []
    while time_s < seconds:
        found.append(device.slowdown(settings, time_s))
        device.worked(settings, time_s, call_s * found[-1])
        time_s += call_s * found[-1]
    return device, found


@pytest.mark.parametrize("heat", [0.0, 0.5, 1.0])
def test_a_load_within_the_limit_slows_nothing(heat: float) -> None:
    device, found = loaded(heat, 600)
    assert set(found) == {1.0}
    assert device.temperature == pytest.approx(heat, abs=1e-3)


@pytest.mark.parametrize("heat", [1.2, 2.0])
@pytest.mark.parametrize("call_s", [0.01, 1.0, 20.0])
def test_one_above_settles_at_the_limit(heat: float, call_s: float) -> None:
    device, found = loaded(heat, 900, call_s)
    assert found[0] == 1.0
    assert found[-1] == pytest.approx(heat, rel=0.02)
    assert device.temperature == pytest.approx(1.0, abs=0.02)


def test_it_begins_when_the_device_is_warm() -> None:
    _, found = loaded(1.5, 900)
    first = next(index for index, slowed in enumerate(found) if slowed > 1)
    assert 0.1 * first == pytest.approx(-60 * math.log(1 - 0.9 / 1.5), rel=0.02)


def test_a_rest_cools() -> None:
    device, _ = loaded(1.5, 900)
    settings = {"heat": 1.5, "heat_s": 60.0}
    assert device.slowdown(settings, 1000.0) == 1.0
    assert device.temperature < 0.3


def worker(device: str, **settings):
    case = example_case(options={})
    target = Sim({"device": device, "noise": 0.0, **settings})
    made = target.launch(case, case.variant.path, LIMITS)
    made.open()
    made.bind({})
    return target, made


def test_workers_of_one_device_share_its_heat() -> None:
    device = f"warm {next(_devices)}"
    hot = {"heat": 1.5, "heat_s": 1.0, "latency_us": 1000.0}
    target, one = worker(device, **hot)
    for _ in range(5):
        block = one.block(SLICE)
    assert block.context["throttled"]
    assert np.median(block.latency_ns) == pytest.approx(1.5e6, rel=0.02)
    _, other = worker(device, **hot)
    assert other.block(SLICE).latency_ns[0] > 1.4e6
    target.rest(60.0)
    cooled = other.block(SLICE)
    assert cooled.latency_ns[0] == 1_000_000
    assert not cooled.context["throttled"]
    _, cold = worker(f"cold {next(_devices)}", **hot)
    assert cold.block(SLICE).latency_ns[0] == 1_000_000


def test_overlapped_calls_heat_too() -> None:
    device = f"warm {next(_devices)}"
    hot = {"heat": 1.5, "heat_s": 1.0, "latency_us": 4000.0, "depth": 4}
    _, made = worker(device, **hot)
    window = Stretch(
        kind=BlockKind.WINDOW, calls_min=1, calls_max=10**6, duration_ns=10 * 10**9
    )
    block = made.block(window)
    assert block.latency_ns[0] == 4_000_000
    assert np.median(block.latency_ns) == pytest.approx(6e6, rel=0.02)


@pytest.mark.parametrize(
    ("demand", "series", "calls"),
    [
        (Queries(calls=4), "latency", 4),
        (Stages(), "inference", 1),
        (Poisson(rate_per_s=2000.0, seed="0"), "service", 1),
        (Frames(rate_per_s=100.0, streams=20), "service", 1),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_calls_under_a_demand_heat_too(demand, series: str, calls: int) -> None:
    hot = {"heat": 1.5, "heat_s": 1.0, "latency_us": 1000.0}
    _, made = worker(f"warm {next(_devices)}", **hot)
    stretch = replace(SLICE, calls_max=10**5, duration_ns=10**10, demand=demand)
    block = made.block(stretch)
    found = block.more.get(series, block.latency_ns)
    assert found[0] == calls * 1_000_000
    assert np.median(found) == pytest.approx(calls * 1.5e6, rel=0.02)
    assert not block.context["throttled"]
    assert made.block(stretch).context["throttled"]


def test_a_real_clock_heats_as_well(tmp_path) -> None:
    hot = {"heat": 2.0, "heat_s": 0.1, "latency_us": 2000.0, "clock": "real"}
    with session(Sim, tmp_path / "none", noise=0.0, worker=0, **hot) as made:
        made.open()
        made.bind({})
        block = made.block(SLICE)
    assert np.median(block.latency_ns) == pytest.approx(4e6, rel=0.2)
