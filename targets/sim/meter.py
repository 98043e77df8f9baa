"""The simulated device's power meter, in the device's virtual time."""

from __future__ import annotations

import random

import numpy as np

from ...harness.meter import PowerMeter, Scope
from ...harness.values import Evidence, Series
from .worker import now_ns

NOISE = 0.01


class SimMeter(PowerMeter):
    """A meter that reads the power it was told, with 1 % of noise."""

    name = "sim"
    scope = Scope.MODULE
    rate_hz = 1000.0
    accuracy = NOISE

    def __init__(self, machine: str, power_w: float, seed: int) -> None:
        """Watch a simulated machine that draws this power while it works."""
        self._machine = machine
        self._power_w = power_w
        self._random = random.Random(f"{seed}/meter")
        self._started_ns = 0

    def start(self) -> None:
        """Begin at the machine's present time."""
        self._started_ns = now_ns(self._machine)

    def stop(self) -> Series:
        """Return one reading a millisecond of the time that passed."""
        elapsed_ns = now_ns(self._machine) - self._started_ns
        times = np.arange(0, elapsed_ns, int(1e9 / self.rate_hz), dtype=np.int64)
        readings = [self._power_w * self._random.gauss(1.0, NOISE) for _ in times]
        return Series(
            quantity="power",
            unit="W",
            values=np.array(readings, dtype=np.float64),
            times=times,
            evidence=Evidence.SIMULATED,
        )
