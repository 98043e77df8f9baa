"""Find a free place for the label of each point of a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH_PER_LETTER = 0.56
"""Mean advance of a proportional sans-serif letter, in units of the font size."""

_REACH = 7.0
_CUT = 1000.0
"""A label that is cut off is worse than any overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in points of the drawing, y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """Return the area that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, width) * max(0.0, height)

    def outside(self, frame: Box) -> float:
        """Return the area that lies outside the frame."""
        return (self.right - self.left) * (self.top - self.bottom) - self.overlap(frame)


def place(
    points: Sequence[tuple[float, float]],
    letters: Sequence[int],
    frame: Box,
    font_size: float,
    taken: Sequence[Box] = (),
) -> list[Box]:
    """Return a box for each label: near its point, with as little overlap as found.

    Greedy in the order given, so equal input gives equal places. All in points.
    """
    dots = [Box(left=x - 4, bottom=y - 4, right=x + 4, top=y + 4) for x, y in points]
    placed: list[Box] = []
    for (x, y), count in zip(points, letters, strict=True):
        width = count * font_size * WIDTH_PER_LETTER
        boxes = _candidates(x, y, width, font_size)
        others = [*dots, *taken, *placed]
        costs = [
            _CUT * box.outside(frame) + sum(map(box.overlap, others)) + rank
            for rank, box in enumerate(boxes)
        ]
        placed.append(boxes[costs.index(min(costs))])
    return placed


def _candidates(x: float, y: float, width: float, height: float) -> list[Box]:
    """Return places round a point, best first: diagonals, sides, then farther."""
    boxes = []
    for reach in (_REACH, 2 * _REACH, 3.5 * _REACH):
        right, left = x + reach, x - reach - width
        up, down = y + reach, y - reach - height
        middle, centre = y - height / 2, x - width / 2
        corners = [(right, up), (left, up), (right, down), (left, down)]
        sides = [(right, middle), (centre, up), (centre, down), (left, middle)]
        boxes += [
            Box(left=a, bottom=b, right=a + width, top=b + height)
            for a, b in corners + sides
        ]
    return boxes
