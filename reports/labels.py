"""Find a free place for the label of each point of a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH_PER_LETTER = 0.56
"""Mean advance of a proportional sans-serif letter, in units of the font size."""

_REACHES = (7.0, 14.0, 24.5)
_COVER = 10.0
"""A label on another or on a dot is worse than one on an error bar."""

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

    def touches(self, other: Box) -> bool:
        """Return whether both cover any area together."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )

    def outside(self, frame: Box) -> float:
        """Return the area that lies outside the frame."""
        return (self.right - self.left) * (self.top - self.bottom) - self.overlap(frame)


def place(
    points: Sequence[tuple[float, float]],
    letters: Sequence[int],
    frame: Box,
    font_size: float,
    taken: Sequence[Box] = (),
    needed: Sequence[bool] | None = None,
) -> list[Box | None]:
    """Return a box for each label: near its point, with as little overlap as found.

    A label that is not ``needed`` gets None where it would cover a dot or another
    label, or lie far from its point.
    Greedy in the order given, so equal input gives equal places. All in points.
    """
    needed = [True] * len(points) if needed is None else needed
    dots = [Box(left=x - 4, bottom=y - 4, right=x + 4, top=y + 4) for x, y in points]
    placed: list[Box | None] = []
    for (x, y), count, must in zip(points, letters, needed, strict=True):
        width = count * font_size * WIDTH_PER_LETTER
        boxes = _candidates(x, y, width, font_size, _REACHES if must else _REACHES[:1])
        # Few of the others are near: asking only those keeps hundreds of points quick.
        around = _hull(boxes)
        solid = [b for b in (*dots, *filter(None, placed)) if b.touches(around)]
        lines = [line for line in taken if line.touches(around)]
        costs = [
            _CUT * box.outside(frame)
            + _COVER * sum(map(box.overlap, solid))
            + sum(map(box.overlap, lines))
            + rank
            for rank, box in enumerate(boxes)
        ]
        box = boxes[costs.index(min(costs))]
        clear = not box.outside(frame) and not any(map(box.overlap, solid))
        placed.append(box if must or clear else None)
    return placed


def _hull(boxes: Sequence[Box]) -> Box:
    """Return the smallest box that holds all of these."""
    return Box(
        left=min(box.left for box in boxes),
        bottom=min(box.bottom for box in boxes),
        right=max(box.right for box in boxes),
        top=max(box.top for box in boxes),
    )


def _candidates(
    x: float, y: float, width: float, height: float, reaches: Sequence[float]
) -> list[Box]:
    """Return places round a point, best first: diagonals, sides, then farther."""
    boxes = []
    for reach in reaches:
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
