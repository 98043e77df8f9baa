"""One network that a search has tried."""

from __future__ import annotations

from dataclasses import dataclass

from ..shape import Shape
from .front import Point
from .latency import Latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One network that was tried; ``refused`` says why it has no latency."""

    number: int
    shape: Shape
    sha256: str
    correct: int
    n: int
    parameters: int | None
    macs: int | None
    latency: Latency | None = None
    refused: str | None = None

    @property
    def point(self) -> Point | None:
        """Return its error and its latency ratio, None where it has none."""
        if self.latency is None:
            return None
        return 1 - self.correct / self.n, self.latency.ratio
