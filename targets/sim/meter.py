"""The simulated device's power meter, in the device's virtual time."""

from __future__ import annotations

import random

import numpy as np

from ...harness.meter import Load, PowerMeter, Recording, Scope, Specification
from ...harness.values import Evidence, Series
from .worker import busy_until, now_ns, watch

GAIN = 0.01
NOISE = 0.01
UPDATE_NS = 1_000_000


class SimMeter(PowerMeter):
    """A meter of its own gain, wrong by up to 1 %, with 1 % of noise a reading."""

    name = "sim"

    def __init__(self, machine: str, power_w: float, idle_w: float, seed: int) -> None:
        """Watch a simulated machine that draws these powers at work and idle."""
        super().__init__()
        self._machine = machine
        self._power_w, self._idle_w = power_w, idle_w
        self._gain = 1 + random.Random(f"{seed}/gain").uniform(-GAIN, GAIN)
        self._noise = np.random.default_rng(abs(seed))
        self._started_ns = 0

    def specifications(self) -> tuple[Specification, ...]:
        """Return its one channel."""
        return (
            Specification(
                meter=self.name,
                channel="device",
                scope=Scope.MODULE,
                update_ns=UPDATE_NS,
                gain=GAIN,
                source="the simulation, which draws its gain within these limits",
            ),
        )

    def start(self) -> None:
        """Begin at the machine's present time."""
        watch(self._machine)
        self._started_ns = now_ns(self._machine)

    def stop(self, load: Load) -> tuple[Recording, ...]:
        """Return one reading for each millisecond that passed."""
        times = np.arange(self._started_ns, now_ns(self._machine), UPDATE_NS)
        busy_ns = np.diff(busy_until(self._machine, times)) / UPDATE_NS
        mean_w = self._idle_w + (self._power_w - self._idle_w) * busy_ns
        readings = mean_w * self._gain * self._noise.normal(1.0, NOISE, len(mean_w))
        series = Series(
            quantity="power",
            unit="W",
            values=readings,
            times=times[1:].astype(np.int64),
            evidence=Evidence.SIMULATED,
        )
        return (Recording(specification=self.specifications()[0], series=series),)
