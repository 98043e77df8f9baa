"""What the scenarios beyond single stream and offline are told, and what fits them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .load import rule_of, under_load
from .profiles import PROFILES
from .search import LIMITS_IN_WINDOW
from .values import Scenario, Workload

SAMPLES_PER_QUERY = 8
"""Of a multi-stream query where none are given: MLPerf's."""

STREAMS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The keys of ``[workload]`` that belong to one scenario; None where not given."""

    samples_per_query: int | None = None
    server_p99_ms: float | None = None
    frame_rate_fps: float | None = None
    frame_deadline_ms: float | None = None
    streams_max: int | None = None

    @property
    def plain(self) -> dict[str, Any]:
        """Return what was given, so that other sweeps' hashes stay as they were."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    def applied(self, workload: Workload) -> Workload:
        """Return the workload with what belongs to its scenario, defaults included."""
        if workload.scenario is Scenario.MULTI_STREAM:
            samples = self.samples_per_query or SAMPLES_PER_QUERY
            return replace(workload, samples_per_query=samples)
        if workload.scenario is Scenario.SERVER:
            return replace(workload, server_p99_ms=self.server_p99_ms)
        if workload.scenario is Scenario.PIPELINE and self.frame_rate_fps:
            period_ms = 1e3 / self.frame_rate_fps
            return replace(
                workload,
                frame_rate_fps=self.frame_rate_fps,
                frame_deadline_ms=self.frame_deadline_ms or period_ms,
                streams_max=self.streams_max or STREAMS,
            )
        return workload


LOAD_KEYS = tuple(field.name for field in fields(Load))


def load_of(workload: Mapping[str, Any]) -> Load:
    """Return the load that a checked ``[workload]`` table gives."""
    numbers = ("server_p99_ms", "frame_rate_fps", "frame_deadline_ms")
    given: dict[str, Any] = {
        key: float(workload[key]) if key in numbers else workload[key]
        for key in LOAD_KEYS
        if key in workload
    }
    return Load(**given)


def unfit(workload: Workload, has_images: bool) -> str | None:
    """Return why a workload makes no sense here, or None.

    Args:
        workload: of a case.
        has_images: whether there are image files to decode.
    """
    batch, samples = workload.batch, workload.samples_per_query
    if samples is not None and samples % batch:
        return (
            f"a query of {samples} samples is no whole number of calls with batch "
            f"{batch}; set samples_per_query to a multiple of it"
        )
    if workload.scenario is not Scenario.PIPELINE:
        return _endless(workload)
    if batch != 1:
        return "a pipeline runs frame by frame: batch 1 is valid"
    if not has_images:
        return "a pipeline decodes images: give a folder of images as data"
    return _endless(workload)


def _endless(workload: Workload) -> str | None:
    """Return why no load can be found to be met in the profile's time, or None."""
    profile, rule = PROFILES.get(workload.profile), rule_of(workload)
    if profile is None or not under_load(workload):
        return None
    limit_s = profile.load_limit_s
    given = f"the search has {limit_s:g} s in profile {profile.name!r}"
    limits = rule.windows_min * LIMITS_IN_WINDOW
    if limits * rule.limit_ns > 1e9 * limit_s:
        is_server = workload.scenario is Scenario.SERVER
        key = "server_p99_ms" if is_server else "frame_deadline_ms"
        return (
            f"a load is judged for {limits} times {key}, and {given}: up to "
            f"{1e3 * limit_s / limits:g} ms is valid, or choose another profile"
        )
    most_per_s = (workload.frame_rate_fps or math.inf) * (workload.streams_max or 1)
    if rule.queries_min / most_per_s > limit_s:
        return (
            f"a load is judged by {rule.queries_min:,} frames, at most {most_per_s:g} "
            f"come in a second, and {given}: raise streams_max or frame_rate_fps, or "
            "choose another profile"
        )
    return None
