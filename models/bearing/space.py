"""What a network for the recordings may look like, and the one that ships."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class BearingShape(Shape):
    """Channels after each halving of the rate; blocks that keep the last two rates.

    ``kernel`` is odd, the length of the depthwise layers that keep the rate; those
    that halve it are one shorter.
    """

    WIDTHS: ClassVar = ("stem", "second", "third", "fourth", "fifth")

    stem: int = 16
    second: int = 24
    third: int = 32
    fourth: int = 64
    fifth: int = 96
    fourth_blocks: int = 2
    fifth_blocks: int = 1
    kernel: int = 9


SHAPE = BearingShape

CHOICES = {
    "stem": (8, 16, 24),
    "second": (8, 16, 24),
    "third": (16, 24, 32),
    "fourth": (32, 48, 64),
    "fifth": (48, 64, 96),
    "fourth_blocks": (0, 1, 2),
    "fifth_blocks": (0, 1, 2),
    "kernel": (5, 9, 13),
}
"""What a search may choose from, by field."""
