"""The random process behind a simulated device's latency.

Standard library only: it travels to the worker. A call's latency is

    median * drift(t) * throttle(t) * exp(worker + slice + call noise) * spike

plus once ``stall_ms``, with independent normal noise of zero mean at each level, so
that without drift and spikes the median over all calls is ``latency_us`` times the
batch's share.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

DRIFTS = ("none", "ramp", "step", "sine", "walk")

RAN: Mapping[str, Any] = {
    "provider": "simulation",
    "precision": None,
    "precision_reason": "a simulation computes nothing",
    "threads": 1,
}
"""What ran, but for the clock."""

WALK_STEPS = 64
"""Steps of a random walk within one drift period."""


class LatencyProcess:
    """One worker's latencies, as a function of the device's time."""

    def __init__(self, settings: Mapping[str, Any], batch: int) -> None:
        """Fix the worker's own level.

        Args:
            settings: the target's options, and ``worker``, the worker's number.
            batch: samples of a call.
        """
        self._settings = settings
        self._random = random.Random(f"{settings['seed']}/{settings['worker']}")
        share = 1 + (batch - 1) * float(settings["batch_share"])
        level = self._random.gauss(0.0, float(settings["worker_noise"]))
        self._median_ns = 1e3 * float(settings["latency_us"]) * share * math.exp(level)
        self._slice = 0.0
        self._walk = [0.0]
        self._stall_left_ns = round(1e6 * float(settings["stall_ms"]))

    def begin_slice(self) -> None:
        """Draw the noise that all calls of one slice share."""
        self._slice = self._random.gauss(0.0, float(self._settings["slice_noise"]))

    def next_ns(self, time_s: float) -> int:
        """Return the latency of a call that starts at this time of the device."""
        settings, chance = self._settings, self._random
        log = self._slice + chance.gauss(0.0, float(settings["noise"]))
        latency = self._median_ns * math.exp(log) * self.drift(time_s)
        if self.throttled(time_s):
            latency *= float(settings["throttle_factor"])
        if chance.random() < float(settings["spike_share"]):
            latency *= float(settings["spike_factor"])
        return max(1, round(latency)) + self._stall_ns(time_s)

    def stage_ns(self, stage: str) -> int:
        """Return how long ``preprocess`` or ``postprocess`` of a frame takes."""
        return round(1e3 * float(self._settings[f"{stage}_us"]))

    def _stall_ns(self, time_s: float) -> int:
        """Return the one stall, at the first call for which it is due."""
        if time_s < float(self._settings["stall_after_s"]):
            return 0
        stall_ns, self._stall_left_ns = self._stall_left_ns, 0
        return stall_ns

    def drift(self, time_s: float) -> float:
        """Return the factor by which the device is slower at this time."""
        size = float(self._settings["drift_size"])
        part = time_s / (float(self._settings["drift_period_s"]) or 1.0)
        kind = self._settings["drift"]
        if kind == "ramp":
            return 1 + size * min(part, 1.0)
        if kind == "step":
            return 1 + size * (part >= 0.5)
        if kind == "sine":
            return 1 + size * math.sin(2 * math.pi * part)
        if kind == "walk":
            return math.exp(size * self._walked(int(part * WALK_STEPS)))
        return 1.0

    def _walked(self, step: int) -> float:
        """Return a random walk, the same for all that runs on one device."""
        while len(self._walk) <= step:
            index = len(self._walk)
            chance = random.Random(f"{self._settings['device']}/walk/{index}")
            self._walk.append(
                self._walk[-1] + chance.gauss(0.0, 1.0) / math.sqrt(WALK_STEPS)
            )
        return self._walk[step]

    def throttled(self, time_s: float) -> bool:
        """Return whether the device has begun to throttle."""
        after = float(self._settings["throttle_after_s"])
        return after > 0 and time_s >= after
