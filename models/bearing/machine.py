"""A machine that runs: its speed, its load, and how it vibrates while it is sound.

Everything is acceleration in g, computed in float64 and rounded to a sensor's 16 bits
at the very end, so that the last bit in which two machines may differ does not show.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float64]

SAMPLES = 1_024
RATE_HZ = 10_240.0
TIME_S = np.arange(SAMPLES) / RATE_HZ
DURATION_S = SAMPLES / RATE_HZ
LEAD_S = 0.04
"""How long before the first sample an impact may have happened that still rings."""

_TEETH = 23
_G_PER_MM_S2 = 1.0 / 9_806.65
_DECAYED = 7.0
"""Time constants after which an oscillation has died away (to a thousandth)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resonance:
    """A mode of the structure, which an impact sets ringing."""

    frequency_hz: float
    damping: float

    @property
    def decay_s(self) -> float:
        """Return the time in which the amplitude falls to 1/e."""
        return 1.0 / (2.0 * math.pi * self.damping * self.frequency_hz)

    def ring(self, at_s: Signal, peak_g: Signal) -> Signal:
        """Return the decaying oscillations that impacts leave, shaped [SAMPLES]."""
        index = np.ceil(at_s * RATE_HZ).astype(np.int64)[:, None] + self._tail
        wave = peak_g[:, None] * self._answer(index / RATE_HZ - at_s[:, None])
        inside = (index >= 0) & (index < SAMPLES)
        sums = np.bincount(index[inside], weights=wave[inside], minlength=SAMPLES)
        return np.asarray(sums, dtype=np.float64)

    def rumble(self, rng: np.random.Generator) -> Signal:
        """Return how the mode answers white noise, [SAMPLES] of unit variance."""
        kernel = self._answer(self._tail / RATE_HZ)
        kernel /= np.sqrt(np.sum(kernel**2))
        noise = rng.standard_normal(SAMPLES + len(kernel) - 1)
        return np.convolve(noise, kernel, mode="valid")

    def _answer(self, since_s: Signal) -> Signal:
        """Return the oscillation some time after an impact of strength one."""
        turns = self.frequency_hz * since_s
        return np.exp(-since_s / self.decay_s) * np.sin(2.0 * np.pi * turns)

    @property
    def _tail(self) -> npt.NDArray[np.int64]:
        """Return the numbers of the samples until the mode has died away."""
        return np.arange(math.ceil(_DECAYED * self.decay_s * RATE_HZ))


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is drawn once for a recording and shared by all that vibrates in it.

    speed_hz is the shaft's at the first sample, drift_hz its change until the last;
    load is 0 (idle) to 1 (full). clearance is how much the play of the balls has grown
    since the bearing was new, relative to what it was.
    """

    speed_hz: float
    drift_hz: float
    load: float
    casing: Resonance
    clearance: float = 0.0

    @property
    def angle(self) -> Signal:
        """Return the turns of the shaft since the first sample, [SAMPLES]."""
        return self.turns(TIME_S)

    def turns(self, time_s: Signal) -> Signal:
        """Return the turns of the shaft between the first sample and each time."""
        gain = self.drift_hz / DURATION_S
        return self.speed_hz * time_s + 0.5 * gain * time_s**2

    def time_s(self, turns: Signal) -> Signal:
        """Return when the shaft has made so many turns: the inverse of turns()."""
        gain = self.drift_hz / DURATION_S
        root = np.sqrt(self.speed_hz**2 + 2.0 * gain * turns)
        return np.asarray(2.0 * turns / (self.speed_hz + root))


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw one number in [low, high)."""
    return low + (high - low) * float(rng.random())


def running(rng: np.random.Generator) -> Machine:
    """Draw a machine at some speed and load."""
    speed_hz = uniform(rng, 25.0, 58.0)
    return Machine(
        speed_hz=speed_hz,
        drift_hz=speed_hz * uniform(rng, -0.02, 0.02),
        load=uniform(rng, 0.1, 1.0),
        casing=Resonance(
            frequency_hz=uniform(rng, 2_000.0, 4_400.0),
            damping=uniform(rng, 0.03, 0.08),
        ),
    )


def vibration(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return what every machine does, sound or not, [SAMPLES].

    No rotor is balanced and aligned perfectly, its gear whines, its bearing and the
    flow in it rumble, and now and then something knocks.
    """
    speeds_mm_s = [uniform(rng, 0.3, 1.8), uniform(rng, 0.1, 0.8), uniform(rng, 0, 0.4)]
    signal = harmonics(rng, machine, speeds_mm_s)
    signal += _gear(rng, machine)
    signal += uniform(rng, 0.03, 0.1) * rng.standard_normal(SAMPLES)
    signal += uniform(rng, 0.03, 0.1) * machine.casing.rumble(rng)
    return signal + _knocks(rng, machine)


def harmonics(
    rng: np.random.Generator, machine: Machine, speeds_mm_s: list[float]
) -> Signal:
    """Return vibration at 1, 2, 3... times the shaft's speed, [SAMPLES].

    Each is given by its peak velocity in mm/s, as limits of vibration are.
    """
    signal = np.zeros(SAMPLES)
    for order, speed_mm_s in enumerate(speeds_mm_s, start=1):
        omega = 2.0 * math.pi * order * machine.speed_hz
        turns = order * machine.angle + uniform(rng, 0.0, 1.0)
        signal += speed_mm_s * omega * _G_PER_MM_S2 * np.sin(2.0 * np.pi * turns)
    return signal


def _gear(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return the meshing of a gear and two harmonics, swelling once a turn."""
    signal = np.zeros(SAMPLES)
    for order in (1, 2, 3):
        peak_g = machine.load * uniform(rng, 0.0, 0.12) / order
        turns = order * _TEETH * machine.angle + uniform(rng, 0.0, 1.0)
        signal += peak_g * np.sin(2.0 * np.pi * turns)
    once = np.cos(2.0 * np.pi * (machine.angle + uniform(rng, 0.0, 1.0)))
    return np.asarray(signal * (1.0 + uniform(rng, 0.0, 0.4) * once))


def _knocks(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return up to two impacts from elsewhere, which are no fault in any class."""
    count = int(rng.integers(3))
    at_s = -LEAD_S + (LEAD_S + DURATION_S) * rng.random(count)
    return machine.casing.ring(at_s, 0.1 + 0.4 * rng.random(count))
