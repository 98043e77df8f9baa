"""How a simulated device warms under load and slows down to stay within its limit.

Standard library only: it travels to the worker. The temperature is in units of the
limit, 0 being that of the idle device. Under load it goes towards ``heat``, idle
towards 0, both exponentially with the time constant ``heat_s``. From 0.9 to 1 the
governor stretches calls, up to ``heat`` times: then just as much less work is done in a
second, and the temperature stays at 1. A case whose ``heat`` is up to 1 never slows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

ONSET = 0.9
LONGEST_STEP = 0.05
"""Of a time constant: within a longer call the temperature is followed in steps."""


class Heat:
    """The temperature of one device, which all that runs on it shares."""

    def __init__(self) -> None:
        """Begin cold."""
        self.temperature = 0.0
        self._time_s = 0.0

    def slowdown(self, settings: Mapping[str, Any], time_s: float) -> float:
        """Return by how much a call that starts now takes longer."""
        heat = float(settings["heat"])
        if heat <= 1:
            return 1.0
        self._cool(float(settings["heat_s"]), time_s)
        return 1 + (heat - 1) * self._governed()

    def worked(self, settings: Mapping[str, Any], time_s: float, busy_s: float) -> None:
        """Take in that the device was busy for so long from ``time_s`` on."""
        heat, constant_s = float(settings["heat"]), float(settings["heat_s"])
        self._cool(constant_s, time_s)
        steps = max(1, math.ceil(busy_s / constant_s / LONGEST_STEP))
        kept = math.exp(-busy_s / steps / constant_s)
        for _ in range(min(steps, round(10 / LONGEST_STEP))):
            power = heat / (1 + max(0.0, heat - 1) * self._governed())
            self.temperature = power + (self.temperature - power) * kept
        self._time_s = time_s + busy_s

    def _cool(self, constant_s: float, time_s: float) -> None:
        idle_s = max(0.0, time_s - self._time_s)
        self.temperature *= math.exp(-idle_s / constant_s)
        self._time_s = max(self._time_s, time_s)

    def _governed(self) -> float:
        """Return how far the governor has stretched calls, 0 to 1."""
        return min(1.0, max(0.0, (self.temperature - ONSET) / (1 - ONSET)))
