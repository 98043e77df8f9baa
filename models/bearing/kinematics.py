"""How often a rolling bearing's parts pass each other, from its geometry alone."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """A rolling bearing whose inner race turns with the shaft, the outer one at rest.

    Its properties are orders: events per turn of the shaft, if nothing slips. Source:
    R. B. Randall and J. Antoni, "Rolling element bearing diagnostics - a tutorial",
    Mechanical Systems and Signal Processing 25 (2011) 485-520.
    """

    balls: int
    ball_diameter_mm: float
    pitch_diameter_mm: float
    contact_angle_deg: float = 0.0

    @property
    def cage_order(self) -> float:
        """Return the turns of the cage (fundamental train frequency, FTF)."""
        return (1.0 - self._ratio) / 2.0

    @property
    def outer_race_order(self) -> float:
        """Return the balls that pass a point of the outer race (BPFO)."""
        return self.balls * (1.0 - self._ratio) / 2.0

    @property
    def inner_race_order(self) -> float:
        """Return the balls that pass a point of the inner race (BPFI)."""
        return self.balls * (1.0 + self._ratio) / 2.0

    @property
    def ball_spin_order(self) -> float:
        """Return the turns of a ball about itself (BSF).

        A flaw on the ball strikes a race twice a turn: once the outer, once the inner.
        """
        diameters = self.pitch_diameter_mm / self.ball_diameter_mm
        return diameters * (1.0 - self._ratio**2) / 2.0

    @property
    def _ratio(self) -> float:
        angle = math.radians(self.contact_angle_deg)
        return self.ball_diameter_mm / self.pitch_diameter_mm * math.cos(angle)


SKF_6205 = Bearing(balls=9, ball_diameter_mm=7.94, pitch_diameter_mm=39.04)
"""A deep-groove ball bearing for a 25 mm shaft, much used in test rigs."""
