"""Each kind of fault as an acceleration in g to be added to a machine's vibration.

Four are flaws of the bearing. They strike as often as its kinematics say, but each
time a little early or late, because the balls slip: by 1 to 2 %, as Randall and Antoni
(2011, see kinematics) have it. Each impact makes the casing ring. What tells the flaws
apart is how often they strike, and how that swells: a flaw of the outer race stays in
the zone that bears the load, one of the inner race enters it with every turn of the
shaft, one of a ball with every turn of the cage. Three more are faults of the shaft and
its footing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .kinematics import SKF_6205
from .machine import (
    DURATION_S,
    LEAD_S,
    SAMPLES,
    Resonance,
    harmonics,
    uniform,
)

if TYPE_CHECKING:
    from .machine import Machine, Signal

Draw = Callable[[np.random.Generator, "Machine"], "Signal"]


def healthy(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return nothing: the machine is sound."""
    return np.zeros(SAMPLES)


def outer_race(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return impacts as each ball rolls over a flaw of the outer race, all alike."""
    turns = _events(rng, machine, SKF_6205.outer_race_order)
    return _impacts(rng, machine, turns, np.ones(len(turns)), 0.27)


def inner_race(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return impacts that swell with every turn of the shaft."""
    turns = _events(rng, machine, SKF_6205.inner_race_order)
    return _impacts(rng, machine, turns, _load_zone(rng, machine, turns), 0.4)


def ball(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return impacts on both races in turn that swell with every turn of the cage."""
    turns = _events(rng, machine, 2.0 * SKF_6205.ball_spin_order)
    strength = _load_zone(rng, machine, SKF_6205.cage_order * turns)
    strength[::2] *= uniform(rng, 0.5, 1.0)
    return _impacts(rng, machine, turns, strength, 0.44)


def cage(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return a burst of rubbing with every turn of the cage."""
    rubbing = machine.casing.rumble(rng)
    turns = SKF_6205.cage_order * machine.angle + uniform(rng, 0.0, 1.0)
    share = uniform(rng, 0.08, 0.2)
    away = np.abs(turns - np.rint(turns)) / share
    return np.asarray(_severity_g(rng, 0.15) * np.exp(-(away**2)) * rubbing)


def unbalance(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return a strong vibration once a turn of the shaft."""
    return harmonics(rng, machine, [1.8 + 5.0 * float(rng.random()) ** 2])


def misalignment(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return vibration twice a turn of the shaft, with some once and thrice."""
    twice = 0.9 + 2.5 * float(rng.random()) ** 2
    once, thrice = uniform(rng, 0.0, 0.8) * twice, uniform(rng, 0.0, 0.5) * twice
    return harmonics(rng, machine, [once, twice, thrice])


def looseness(rng: np.random.Generator, machine: Machine) -> Signal:
    """Return a foot's dull thuds once a turn, of which every other is weaker."""
    foot = Resonance(
        frequency_hz=uniform(rng, 180.0, 500.0), damping=uniform(rng, 0.15, 0.3)
    )
    first, last = machine.turns(np.array([-LEAD_S, DURATION_S]))
    turns = np.arange(first, last) + uniform(rng, 0.0, 1.0)
    strength = 1.0 + 0.2 * rng.standard_normal(len(turns))
    strength[::2] *= uniform(rng, 0.2, 1.0)
    return foot.ring(machine.time_s(turns), _severity_g(rng, 0.2) * strength)


KINDS: dict[str, Draw] = {
    "healthy": healthy,
    "outer race": outer_race,
    "inner race": inner_race,
    "ball": ball,
    "cage": cage,
    "unbalance": unbalance,
    "misalignment": misalignment,
    "looseness": looseness,
}
"""Every class in the order of its label."""


def _severity_g(rng: np.random.Generator, weakest_g: float) -> float:
    """Draw a fault's strength; weak ones are far likelier than strong ones.

    The weakest of each kind was set by trial, so that none is much harder than another.
    """
    return weakest_g * (1.0 + 3.0 * float(rng.random()) ** 2)


def _events(rng: np.random.Generator, machine: Machine, order: float) -> Signal:
    """Return the shaft's turns at which something happens ``order`` times a turn."""
    first, last = machine.turns(np.array([-LEAD_S, DURATION_S]))
    count = math.ceil(1.1 * order * (last - first)) + 1
    slip = uniform(rng, 0.01, 0.02) * (1.0 + machine.clearance)
    steps = (1.0 + slip * rng.standard_normal(count)) / order
    return np.asarray(first + np.cumsum(steps) - uniform(rng, 0.0, 1.0) / order)


def _impacts(
    rng: np.random.Generator,
    machine: Machine,
    turns: Signal,
    strength: Signal,
    weakest_g: float,
) -> Signal:
    """Return how the casing rings under impacts of a common severity."""
    uneven = 1.0 + 0.15 * rng.standard_normal(len(turns))
    peak_g = _severity_g(rng, weakest_g) * strength * uneven
    return machine.casing.ring(machine.time_s(turns), peak_g)


def _load_zone(rng: np.random.Generator, machine: Machine, turns: Signal) -> Signal:
    """Return the load, 0 to 1, on a point that has turned so far from its start.

    This is Stribeck's distribution for balls, as in P. D. McFadden and J. D. Smith,
    "Model for the vibration produced by a single point defect in a rolling element
    bearing", Journal of Sound and Vibration 96 (1984) 69-82.
    """
    width = (0.25 + 0.25 * machine.load) / (1.0 + machine.clearance)
    away = 2.0 * np.pi * (turns + uniform(rng, 0.0, 1.0))
    return np.maximum(1.0 - (1.0 - np.cos(away)) / (2.0 * width), 0.0) ** 1.5
