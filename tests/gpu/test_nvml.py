"""A real NVIDIA GPU under sustained load: its power, energy, clocks and reasons."""

import time

import numpy as np
import pytest
from support.components import missing

from tierbench.harness.meter import Load, Recording
from tierbench.harness.readings import curve_of, update_ns
from tierbench.harness.throttling import throttling
from tierbench.harness.traces import traces
from tierbench.harness.values import Block, BlockKind, Phase
from tierbench.harness.watch import StateReader, Watch
from tierbench.harness.worker import Measured
from tierbench.targets.meters import Nvml

SETTLE_S = 2.0
WINDOW_S = 12.0
STATE = StateReader(module="tierbench.targets.state.nvml")


@pytest.fixture(scope="module")
def recorded(busy_gpu: None) -> tuple[tuple[Recording, ...], tuple[int, int]]:
    """Return what the meter told of a window of load, and the window."""
    meter = Nvml()
    if not meter.specifications():
        missing("gpu", str(meter.missing()))
    meter.start()
    time.sleep(SETTLE_S)  # the sensors remember a second
    begin = time.monotonic_ns()
    time.sleep(WINDOW_S)
    end = time.monotonic_ns()
    time.sleep(0.5)
    unix_ns = time.time_ns() - time.monotonic_ns()
    found = meter.stop(Load(busy=((begin, end),), idle=(), unix_ns=unix_ns))
    meter.close()
    return found, (begin, end)


def energies_j(recorded: tuple[tuple[Recording, ...], tuple[int, int]]) -> dict:
    found, window = recorded
    return {
        recording.series.quantity: float(curve_of(recording).energy_j(*window))
        for recording in reversed(found)  # instant power goes before its average
        if recording.specification.scope == "module"
    }


def test_the_counter_and_the_integral_of_power_agree_within_5_percent(recorded) -> None:
    found = energies_j(recorded)
    print(f"\nenergy of {WINDOW_S:g} s of load: {found} J")
    if set(found) != {"energy", "power"}:
        missing("gpu", f"this GPU tells {sorted(found)}; the counter and power compare")
    assert found["power"] == pytest.approx(found["energy"], rel=0.05)


def test_update_periods_are_found_by_measurement(recorded) -> None:
    periods = {
        recording.specification.channel: update_ns(recording)
        for recording in recorded[0]
    }
    print(f"\nupdate periods: {periods} ns")
    known = [period for period in periods.values() if period is not None]
    assert known
    assert all(1e6 < period < 2e9 for period in known)


def test_clocks_temperature_and_reasons_are_told_under_load(busy_gpu: None) -> None:
    def rest() -> Measured:
        started_at, started = time.time_ns(), time.monotonic_ns()
        time.sleep(0.5)
        return Measured(
            started_at_ns=started_at,
            started_ns=started,
            elapsed_ns=time.monotonic_ns() - started,
            latency_ns=np.array([1]),
            gap_ns=np.array([], np.int64),
            off_cpu_ns=None,
            context={},
        )

    with Watch([STATE]) as watch:
        if watch.missing:
            missing("gpu", "; ".join(watch.missing.values()))
        seen = [watch.around([STATE], rest) for _ in range(10)]
    blocks = [
        Block(
            index=index,
            worker=0,
            round=index,
            kind=BlockKind.SLICE,
            phase=Phase.MEASURE,
            started_at_ns=measured.started_at_ns,
            offset_ns=measured.started_ns,
            elapsed_ns=measured.elapsed_ns,
            calls=1,
            series=series,
        )
        for index, (measured, series) in enumerate(seen)
    ]
    found = traces(blocks)
    verdict = throttling(blocks)
    print(f"\n{verdict}")
    assert np.all(found["clock", "gpu"].values > 1e8)
    assert np.all(found["busy", "gpu"].values == 1)
    assert np.all(found["temperature", "gpu"].values < 120)
    assert any(quantity == "throttle" for quantity, _ in found)
    assert verdict.state in ("clean", "throttled")
