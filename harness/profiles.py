"""How carefully a case is measured, from a first look to a buying decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .stopping import StopRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """When a case has been measured enough, and when to give up.

    ``half_width`` is relative: half the 95 % interval of the median over the median.
    ``span_min_s`` is the time from a case's first to its last slice, ``measured_min_s``
    the time inside its slices. A result older than ``max_age_s`` is measured again;
    None takes one of any age. ``window_ns`` is a block of the offline scenario,
    ``energy_ns`` the one around which a power meter runs. ``queries_min`` is how many
    calls a load is judged by, ``load_limit_s`` the time in which the highest is sought.
    ``energy_ns`` the one around which a power meter runs. ``soak_s`` is how long each
    finalist is loaded without a pause at the end; 0 for not at all.
    """

    name: str
    half_width: float
    slices_min: int
    workers: int
    span_min_s: float
    measured_min_s: float
    case_limit_s: float
    warmup_calls: int = 10
    warmup_ns: int = 50_000_000
    slice_ns: int = 50_000_000
    window_ns: int = 1_000_000_000
    energy_ns: int = 10_000_000_000
    max_age_s: float | None = None
    queries_min: int = 5_000
    load_limit_s: float = 600.0
    soak_s: float = 0.0

    @property
    def stop_rule(self) -> StopRule:
        """Return what a case must reach before its measuring may end."""
        return StopRule(
            half_width=self.half_width,
            slices_min=self.slices_min,
            workers_min=self.workers,
            span_min_s=self.span_min_s,
        )


SMOKE = Profile(
    name="smoke",
    half_width=0.10,
    slices_min=10,
    workers=3,
    span_min_s=0.0,
    measured_min_s=0.5,
    case_limit_s=8.0,
    window_ns=200_000_000,
    energy_ns=1_000_000_000,
    queries_min=1_000,
    load_limit_s=60.0,
)
NIGHTLY = Profile(
    name="nightly",
    half_width=0.03,
    slices_min=10,
    workers=3,
    span_min_s=10.0,
    measured_min_s=4.0,
    case_limit_s=30.0,
    max_age_s=20 * 3600.0,
)
PROCUREMENT = Profile(
    name="procurement",
    half_width=0.01,
    slices_min=20,
    workers=5,
    span_min_s=60.0,
    measured_min_s=10.0,
    case_limit_s=600.0,
    window_ns=10_000_000_000,
    queries_min=20_000,
    load_limit_s=3_600.0,
    soak_s=1800.0,
)

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in (SMOKE, NIGHTLY, PROCUREMENT)}
)
"""Every profile by name, the quickest first."""
