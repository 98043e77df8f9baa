"""What a network for the panels may look like, and the one that ships."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectShape(Shape):
    """Channels of each layer; blocks that keep the last two sizes.

    ``kernel`` is odd, the depthwise layers' edge.
    """

    WIDTHS: ClassVar = ("stem", "second", "third", "fourth")

    stem: int = 16
    second: int = 32
    third: int = 64
    fourth: int = 128
    third_blocks: int = 1
    fourth_blocks: int = 2
    kernel: int = 3


SHAPE = DefectShape

CHOICES = {
    "stem": (8, 16, 24),
    "second": (16, 24, 32),
    "third": (32, 48, 64),
    "fourth": (64, 96, 128),
    "third_blocks": (0, 1, 2),
    "fourth_blocks": (0, 1, 2),
    "kernel": (3, 5),
}
"""What a search may choose from, by field."""
