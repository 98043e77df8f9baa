"""The seam towards power meters.

A new meter is one small file: a subclass of ``PowerMeter``. A target offers its meters
from ``Target.meters``; others are wired by configuration of their own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import ClassVar

from .values import Series


class Scope(StrEnum):
    """What a meter's power includes; energies of different scope do not compare."""

    RAIL = "rail"
    MODULE = "module"
    BOARD = "board"
    WALL = "wall"


class PowerMeter(ABC):
    """Something that tells the power drawn while it is running."""

    name: ClassVar[str]
    scope: ClassVar[Scope]
    rate_hz: ClassVar[float]
    """How often the reading is renewed."""

    accuracy: ClassVar[float]
    """Largest relative error of a reading, as its maker states it."""

    @abstractmethod
    def start(self) -> None:
        """Begin to take readings."""

    @abstractmethod
    def stop(self) -> Series:
        """End, and return ``power`` in W with times in ns since the start."""
