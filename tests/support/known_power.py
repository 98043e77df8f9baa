"""Power that is known at every moment, and meters that see it as real ones do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tierbench.harness.meter import Recording, Scope, Specification
from tierbench.harness.values import Series

Energy = Callable[[np.ndarray], np.ndarray]
"""The energy in J from the beginning to each moment in s."""


def square(low_w: float, high_w: float, period_s: float, phase: float) -> Energy:
    """Return a wave that is high in the first half of its period."""

    def energy(moment_s: np.ndarray) -> np.ndarray:
        turns = np.asarray(moment_s, dtype=float) / period_s + phase
        whole = np.floor(turns)
        high = whole / 2 + np.minimum(turns - whole, 0.5)
        return period_s * (low_w * turns + (high_w - low_w) * high)

    return energy


def ramp(start_w: float, per_s: float) -> Energy:
    """Return power that rises steadily."""

    def energy(moment_s: np.ndarray) -> np.ndarray:
        moment = np.asarray(moment_s, dtype=float)
        return start_w * moment + per_s * moment**2 / 2

    return energy


def pulses(low_w: float, high_w: float, edges_s: np.ndarray) -> Energy:
    """Return power that is high from each even edge to the next odd one."""
    edges = np.asarray(edges_s, dtype=float)

    def energy(moment_s: np.ndarray) -> np.ndarray:
        moment = np.asarray(moment_s, dtype=float)
        high = np.zeros_like(moment)
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            high += np.clip(moment, begin, end) - begin
        return low_w * moment + (high_w - low_w) * high

    return energy


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How a meter looks: its specification in seconds, and what goes wrong."""

    update_s: float = 0.1
    fraction: float = 1.0
    gain: float = 0.01
    offset_w: float = 0.02
    noise: float = 0.0
    dropped: float = 0.0
    counter: bool = False
    range_j: float | None = None
    quantum_j: float = 0.0
    polled_s: float | None = None

    def specification(self) -> Specification:
        return Specification(
            meter="known",
            channel="all",
            scope=Scope.BOARD,
            update_ns=round(self.update_s * 1e9),
            gain=self.gain,
            offset_w=self.offset_w,
            sampled_fraction=self.fraction,
            range_j=self.range_j,
            quantum_j=self.quantum_j,
            source="a test",
        )

    def record(
        self,
        rng: np.random.Generator,
        energy: Energy,
        length_s: float,
        skew_s: float = 0.0,
    ) -> Recording:
        """Return what such a meter, its errors drawn within its limits, records."""
        gain = 1 + rng.uniform(-self.gain, self.gain)
        offset_w = rng.uniform(-self.offset_w, self.offset_w)
        times = rng.uniform(0, self.update_s) + np.arange(0, length_s, self.update_s)
        if self.counter:
            values = gain * energy(times) + offset_w * times + rng.uniform(0, 50)
            if self.quantum_j:
                values = np.floor(values / self.quantum_j) * self.quantum_j
            if self.range_j is not None:
                values = values % self.range_j
            quantity, unit = "energy", "J"
        else:
            seen = self.fraction * self.update_s
            values = gain * (energy(times) - energy(times - seen)) / seen + offset_w
            values = values * (1 + self.noise * rng.standard_normal(len(times)))
            quantity, unit = "power", "W"
        if self.polled_s is not None:
            polls = rng.uniform(0, self.polled_s)
            polled = polls + np.arange(times[0], length_s, self.polled_s)
            place = np.searchsorted(times, polled, "right") - 1
            times, values = polled[place >= 0], values[place[place >= 0]]
        kept = rng.random(len(times)) >= self.dropped
        series = Series(
            quantity=quantity,
            unit=unit,
            values=values[kept],
            times=np.round((times[kept] + skew_s) * 1e9).astype(np.int64),
        )
        return Recording(
            specification=self.specification(),
            series=series,
            late_ns=round((self.polled_s or 0) * 1e9),
        )
