"""What a search found, as JSON values: every trial, the front, and its judgement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...harness.errors import InputError
from ...harness.results import row
from ...harness.sources import DataSource
from ...harness.statistics import wilson
from ...harness.values import Result
from ..shape import Shape
from .front import Point, front, over_trials
from .latency import REFERENCE, Latency, Refused, Stopwatch
from .proxy import Trained
from .trial import Trial

METRIC = "top1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A network of the front beside the reference: measured together, anew."""

    trial: Trial
    result: Result
    latency: Latency | None
    reason: str | None = None


def judge(
    trials: Sequence[Trial],
    stopwatch: Stopwatch,
    train: Callable[[Shape], Trained],
    data: DataSource,
) -> tuple[Result | None, list[Judged]]:
    """Return the reference's result and the front's, the fastest of the search first.

    What chose the front flatters it: of many noisy values the best were kept. So all
    are measured again, in the same rounds, and judged on samples that chose nothing.
    """
    members = [trials[index] for index in front([trial.point for trial in trials])]
    if not members:
        return None, []
    networks = {one.shape.label: _file(one, train) for one in members}
    results = stopwatch.together(networks, data)
    judged = [_judged(one, results, stopwatch) for one in members]
    return results[REFERENCE], judged


def _file(trial: Trial, train: Callable[[Shape], Trained]) -> Path:
    """Return a trial's network, trained again where its file is gone."""
    trained = train(trial.shape)
    if trained.sha256 != trial.sha256:
        raise InputError(
            f"network {trial.shape.label!r} of this search is gone, and trains "
            "to another one here: tools or sources have changed; search anew in "
            "another folder"
        )
    return trained.path


def _judged(
    trial: Trial, results: Mapping[str, Result], stopwatch: Stopwatch
) -> Judged:
    name = trial.shape.label
    try:
        latency = stopwatch.ratio(results, name)
    except Refused as exc:
        return Judged(trial=trial, result=results[name], latency=None, reason=str(exc))
    return Judged(trial=trial, result=results[name], latency=latency)


def told(
    asked: Mapping[str, Any],
    trials: Sequence[Trial],
    reference_point: Point,
    judged: tuple[Result | None, Sequence[Judged]],
) -> dict[str, Any]:
    """Return all that was found as JSON values; ``docs/search.md`` names the keys."""
    points = [trial.point for trial in trials]
    curve = over_trials(points, reference_point)
    reference, members = judged
    tried = zip(trials, curve, strict=True)
    return {
        **asked,
        "reference_point": {
            "error": reference_point[0],
            "latency_ratio": reference_point[1],
        },
        "hypervolume": curve[-1] if curve else 0.0,
        "trials": [{**_trial(trial), "hypervolume": volume} for trial, volume in tried],
        "reference": None if reference is None else _measured(reference),
        "front": [_member(member) for member in members],
    }


def _trial(trial: Trial) -> dict[str, Any]:
    interval = wilson(trial.correct, trial.n)
    return {
        "number": trial.number,
        "network": trial.shape.label,
        "shape": asdict(trial.shape),
        "sha256": trial.sha256,
        "validation": {
            "metric": METRIC,
            "value": trial.correct / trial.n,
            "ci95": [interval.low, interval.high],
            "n": trial.n,
        },
        **_latency(trial.latency, trial.refused),
        "parameters": trial.parameters,
        "macs": trial.macs,
    }


def _latency(found: Latency | None, why: str | None) -> dict[str, Any]:
    if found is None:
        return {"latency_ratio": None, "latency_ratio_reason": why}
    interval = found.interval
    return {
        "latency_ratio": found.ratio,
        "latency_ratio_interval": interval and [interval.low, interval.high],
        "confidence": interval and interval.confidence,
        "rounds": found.rounds,
        "latency_ms": found.median_ns and found.median_ns / 1e6,
        "reference_latency_ms": found.reference_ns and found.reference_ns / 1e6,
    }


def _measured(result: Result) -> dict[str, Any]:
    """Return what a row of ``tierbench results --json`` holds of a case."""
    found = row(result)
    kept = ("variant", "device", "runtime", "runtime_version", "evidence", "status",
            "reason", "size_bytes", "latency_ms", "accuracy", "accuracy_reason",
            "case_key", "run")  # fmt: skip
    return {key: found[key] for key in kept if key in found}


def _member(member: Judged) -> dict[str, Any]:
    latency = _latency(member.latency, member.reason)
    kept = ("latency_ratio", "latency_ratio_interval", "latency_ratio_reason",
            "confidence", "rounds")  # fmt: skip
    return {
        "number": member.trial.number,
        "shape": asdict(member.trial.shape),
        **_measured(member.result),
        **{key: latency[key] for key in kept if key in latency},
    }
