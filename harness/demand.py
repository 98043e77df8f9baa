"""How the calls of a block are asked for where they are not simply made in a row.

The device half of each stands in ``device.demands``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a block asks for; ``series`` are the quantities that must come back."""

    kind: ClassVar[str]
    series: ClassVar[tuple[str, ...]] = ()

    @property
    def plain(self) -> dict[str, Any]:
        """Return it as JSON values, for the wire."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries(Demand):
    """Queries in a row, each of several calls that are all there at once."""

    kind: ClassVar[str] = "queries"

    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Poisson(Demand):
    """Calls at random moments, whether or not the last has ended: an open loop."""

    kind: ClassVar[str] = "poisson"
    series: ClassVar[tuple[str, ...]] = ("service",)

    rate_per_s: float
    seed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTimed(Demand):
    """Calls in a row, each timed by the device's own clock beside the host's."""

    kind: ClassVar[str] = "device_timed"
    series: ClassVar[tuple[str, ...]] = ("device",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages(Demand):
    """Frames in a row, every second one timed stage by stage."""

    kind: ClassVar[str] = "stages"
    series: ClassVar[tuple[str, ...]] = ("preprocess", "inference", "postprocess")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames(Demand):
    """Frames of ``streams`` cameras, all at once, ``rate_per_s`` times a second."""

    kind: ClassVar[str] = "frames"
    series: ClassVar[tuple[str, ...]] = ("service",)

    rate_per_s: float
    streams: int
