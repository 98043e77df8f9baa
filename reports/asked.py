"""What was asked: the sweeps of the runs in the reader's words, and how they ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..harness.profiles import PROFILES, Profile
from .metrics import Row, number, words
from .summary import counts, distinct

_LOADS = {
    "samples_per_query": ("multi stream", "samples a query"),
    "server_p99_ms": ("server", "ms for p99"),
    "frame_rate_fps": ("pipeline", "frames a second"),
    "frame_deadline_ms": ("pipeline", "ms for a frame"),
    "streams_max": ("pipeline", "cameras at most"),
}
_LIMITS = {
    "accuracy_min": ("accuracy", "at least", ""),
    "error_max": ("error", "at most", ""),
    "latency_p90_ms_max": ("p90 latency", "at most", " ms"),
    "energy_mj_max": ("energy per inference", "at most", " mJ"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One sweep: ``runs`` says how often it ran, ``parts`` are (term, lines)."""

    name: str
    runs: int
    parts: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """How the cases of each target ended: a count for each of ``names``."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


def questions(runs: Sequence[Mapping[str, Any]]) -> list[Question]:
    """Return each sweep that a run holds, once, what it does not hold left out."""
    found: list[tuple[Mapping[str, Any], int]] = []
    sweeps = [sweep for run in runs if isinstance(sweep := run.get("sweep"), Mapping)]
    for sweep in sweeps:
        if sweep not in [known for known, _ in found]:
            found.append((sweep, sweeps.count(sweep)))
    read = [
        Question(name=words(sweep.get("name", "")), runs=n, parts=tuple(_parts(sweep)))
        for sweep, n in found
    ]
    return [question for question in read if question.parts]


def outcomes(rows: Sequence[Row]) -> Outcomes:
    """Return how the cases of each target ended, targets in the order of the rows."""
    names = tuple(name for name, count in counts(rows) if count)
    targets = distinct(words(row.get("target")) for row in rows)
    lines = []
    for target in targets:
        own = dict(counts([row for row in rows if words(row.get("target")) == target]))
        lines.append((target, tuple(own.get(name, 0) for name in names)))
    return Outcomes(names=names, rows=tuple(lines))


def _parts(sweep: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    models = [_model(model) for model in _maps(sweep.get("models"))]
    targets = [_target(target) for target in _maps(sweep.get("targets"))]
    scenarios = [words(name).replace("_", " ") for name in _list(sweep, "scenarios")]
    batches = [words(batch) for batch in _list(sweep, "batches")]
    profile = sweep.get("profile")
    limits = sweep.get("constraints")
    parts: tuple[tuple[str, list[str]], ...] = (
        ("Models", models),
        ("Targets", targets),
        ("Scenarios", [", ".join(scenarios)] if scenarios else []),
        ("Batch sizes", [", ".join(batches)] if batches else []),
        ("Load", list(_loads(sweep))),
        ("Profile", [_profile(words(profile))] if profile else []),
        ("Sustained load", list(_soak(sweep))),
        ("Constraints", list(_limits(limits)) if isinstance(limits, Mapping) else []),
    )
    for term, lines in parts:
        if lines:
            yield term, tuple(lines)


def _loads(sweep: Mapping[str, Any]) -> Iterator[str]:
    for key, (scenario, unit) in _LOADS.items():
        value = number(sweep.get(key))
        if value is not None:
            yield f"{scenario}: {value:.4g} {unit}"


def _model(model: Mapping[str, Any]) -> str:
    variants = ", ".join(words(name) for name in _list(model, "variants"))
    file = model.get("path")
    return words(model.get("name") or file or "") + (
        f": {variants}" if variants else ""
    )


def _target(target: Mapping[str, Any]) -> str:
    """Return a target with the values of each option that the sweep set."""
    values: dict[str, list[str]] = {}
    for setting in _maps(target.get("settings")):
        for option, value in setting.items():
            values.setdefault(words(option), []).append(words(value))
    swept = "; ".join(f"{o} {', '.join(distinct(v))}" for o, v in values.items())
    return words(target.get("use", "")) + (f": {swept}" if swept else "")


def _profile(name: str) -> str:
    profile = PROFILES.get(name)
    return name if profile is None else f"{name}: {_meaning(profile)}"


def _meaning(profile: Profile) -> str:
    span = f" over {profile.span_min_s:.0f} s" if profile.span_min_s else ""
    return (
        f"each case until the interval of its median is within "
        f"±\u202f{profile.half_width * 100:.0f}\u00a0%, by {profile.workers} processes"
        f"{span}; for {profile.case_limit_s:.0f} s at most"
    )


def _soak(sweep: Mapping[str, Any]) -> Iterator[str]:
    """Yield for how long finalists were loaded: as asked, or as the profile says."""
    profile = PROFILES.get(words(sweep.get("profile")))
    seconds = number(sweep.get("soak_s"))
    if seconds is None:
        seconds = profile.soak_s if profile else 0
    if seconds:
        yield f"each finalist for {seconds / 60:g} min at the end"


def _limits(limits: Mapping[str, Any]) -> Iterator[str]:
    for key, value in limits.items():
        limit = number(value)
        if limit is not None:
            name, bound, unit = _LIMITS.get(key, (words(key), "limit", ""))
            yield f"{name} {bound} {limit:g}{unit}"


def _maps(value: object) -> list[Mapping[str, Any]]:
    found = value if isinstance(value, list | tuple) else ()
    return [item for item in found if isinstance(item, Mapping)]


def _list(holder: Mapping[str, Any], key: str) -> list[Any]:
    value = holder.get(key)
    return list(value) if isinstance(value, list | tuple) else []
