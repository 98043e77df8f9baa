"""Energy on the simulated device, the whole way from workers and meter to interval.

The truth of a device is its power times its latency's mean over the stretches in which
it was measured, with the noise of workers, slices and calls averaged over: a drift's
own path is part of it. The oracle knows each process: around the same estimates its
interval has the one half-width that covers the truth in exactly 95 % of the devices.
"""

from __future__ import annotations

import math
import os

import numpy as np
import pytest

from tierbench.harness.metering import Metering
from tierbench.harness.power import power_of
from tierbench.harness.values import Block, BlockKind, Phase
from tierbench.harness.worker import Measured, Stretch
from tierbench.targets.sim import Sim
from tierbench.targets.sim.meter import SimMeter
from tierbench.targets.sim.process import LatencyProcess
from tierbench.targets.sim.worker import SimWorker

pytestmark = pytest.mark.simulation

DEVICES = int(os.environ.get("TIERBENCH_TRIALS", "60"))
CHANCE = 3 * math.sqrt(0.06 * 0.94 / DEVICES) if DEVICES < 1000 else 0.0
"""What so few devices may miss by chance; TIERBENCH_TRIALS=1000 allows nothing."""

POWER_W, IDLE_W = 8.0, 3.0
LATENCY_US = 20_000.0
STRETCH = Stretch(kind=BlockKind.SLICE, calls_min=1, calls_max=1000, duration_ns=10**9)

PROCESSES: dict[str, dict[str, object]] = {
    "white noise": {},
    "noise of slices, 3 %": {"slice_noise": 0.03},
    "nested noise": {"slice_noise": 0.02, "worker_noise": 0.003},
    "ramp of 10 %": {"slice_noise": 0.02, "drift": "ramp", "drift_period_s": 20.0},
    "step of 10 %": {"slice_noise": 0.02, "drift": "step", "drift_period_s": 30.0},
    "wave of 8 %": {"slice_noise": 0.02, "drift": "sine", "drift_size": 0.08,
                    "drift_period_s": 15.0},
    "random walk": {"slice_noise": 0.02, "drift": "walk", "drift_size": 0.05},
}  # fmt: skip
BASE = {**Sim().settings, "latency_us": LATENCY_US, "noise": 0.02}


def device(name: str, number: int) -> tuple[float, float, float, float]:
    """Return gross energy, its half-width, net and its half-width over their truths."""
    machine = f"{name}/{number}"
    settings = {**BASE, **PROCESSES[name], "device": machine, "seed": number}
    workers = [
        SimWorker(machine=machine, settings={**settings, "worker": place}, batch=1)
        for place in range(3)
    ]
    blocks: list[Block] = []

    def keep(measured: Measured, place: int) -> int:
        blocks.append(
            Block(
                index=len(blocks),
                worker=place,
                round=-1,
                kind=BlockKind.SLICE,
                phase=Phase.ENERGY,
                started_at_ns=0,
                offset_ns=measured.started_ns,
                elapsed_ns=measured.elapsed_ns,
                calls=len(measured.latency_ns),
                series=(),
            )
        )
        return blocks[-1].index

    meter = SimMeter(machine, POWER_W, IDLE_W, number)
    phase = Metering(meters=(meter,), energy_ns=10 * 10**9)
    phase.run(workers, STRETCH, keep)
    blocks.append(phase.block(len(blocks), 0, lambda moment: moment))
    (found,) = power_of(blocks, 1).found
    call_s = true_call_s(settings, blocks[:-1])
    told = []
    for estimate, watts in ((found.gross, POWER_W), (found.net, POWER_W - IDLE_W)):
        assert estimate.value is not None
        assert estimate.interval is not None
        truth = watts * call_s
        half = (estimate.interval.high - estimate.interval.low) / 2
        told += [estimate.value / truth - 1, half / truth]
    return told[0], told[1], told[2], told[3]


def true_call_s(settings: dict[str, object], windows: list[Block]) -> float:
    """Return the time of a call on average over these windows: calls fill the time."""
    process = LatencyProcess({**settings, "worker": "truth"}, 1)
    shares = (np.arange(20) + 0.5) / 20
    moments = np.concatenate([w.offset_ns + shares * w.elapsed_ns for w in windows])
    drift = np.array([process.drift(moment / 1e9) for moment in moments])
    calls = float(settings["noise"]) ** 2  # type: ignore[arg-type]
    levels = sum(float(settings[k]) ** 2 for k in ("slice_noise", "worker_noise"))  # type: ignore[arg-type]
    # Within a window a call takes exp(calls / 2) on average; over windows of equal
    # length the number of calls is averaged, which goes with the inverse.
    mean = np.exp(calls / 2) / np.mean(1 / drift) / np.exp(levels / 2)
    return float(LATENCY_US * 1e-6 * mean)


@pytest.mark.parametrize("name", PROCESSES)
def test_energy_on_sim(name: str) -> None:
    found = np.array([device(name, number) for number in range(DEVICES)])
    for title, errors, halves in (
        ("gross", found[:, 0], found[:, 1]),
        ("net", found[:, 2], found[:, 3]),
    ):
        covered = float(np.mean(np.abs(errors) <= halves))
        oracle = float(np.quantile(np.abs(errors), 0.95))
        width = float(np.mean(halves)) / oracle
        assert covered >= 0.94 - CHANCE, (title, covered, width)
        assert width <= 1.3 * (1 + 2 * CHANCE), (title, covered, width)
