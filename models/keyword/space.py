"""What a network for the patches may look like, and the one that ships."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from ..shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class KeywordShape(Shape):
    """The width of a frame's vector, of the layer between, and how many of the rest."""

    WIDTHS: ClassVar = ("width", "hidden")

    width: int = 64
    heads: int = 4
    hidden: int = 128
    blocks: int = 3

    def widened(self, width: float) -> Self:
        """Return the shape with all widths scaled, and about as wide a head."""
        # Named by its class: a dataclass with slots is a copy of what super() knows.
        wide = Shape.widened(self, width)
        return replace(wide, heads=max(1, round(self.heads * width)))


SHAPE = KeywordShape

CHOICES = {
    "width": (32, 48, 64, 80),
    "heads": (1, 2, 4),
    "hidden": (32, 64, 96, 128, 192),
    "blocks": (1, 2, 3, 4),
}
"""What a search may choose from, by field."""
