"""The result table: one plain row a case, as ``tierbench results --json`` prints it.

What is not known is None beside ``<key>_reason``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .errors import NotFound
from .figure_rows import NO_CLOCK, with_figures
from .load_rows import load_rows, unborne
from .memory import memory_part
from .own_clock import device_time_row
from .plain import to_plain
from .power import METERING
from .power_rows import power_keys
from .row_values import bound, estimated, known, unknown
from .soak import summarise_soak
from .soak_rows import flip_sentence, flips, soak_part
from .state_row import state_row
from .store import Store
from .summary import Summary, summarise
from .values import (
    Environment,
    Evidence,
    Result,
    Run,
    Scenario,
    Status,
    Variant,
    Workload,
)
from .windows import UNSEEN_CPU, UNSEEN_FIRST

NOTHING = "nothing was measured"
OTHER_THREADS = "the runtime computes on other threads"
UNDER_LOAD = "which calls of a query or load were preempted is not recorded"
NOT_COUNTED = "it cannot be counted in the model file"
NO_COUNT = "no count of it was recorded"
UNTOLD = "the target does not tell"
NO_DATA = "no evaluation data was given"

LINEAGE_KEYS = (
    *("step", "name", "model", "recipe", "technique", "parameters", "settings"),
    *("sha256", "source_sha256", "parent_sha256"),
)
"""What a row tells of each step; ``models show --json`` tells all."""


def rows(store: Store, run: str | None = None) -> list[dict[str, Any]]:
    """Return the latest result of each case, or every case of one run.

    Raises:
        NotFound: no such run.
        StoreError: the store cannot be read.
    """
    return ordered(store.results(run, latest=run is None))


def ordered(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Return results as rows in the order of reading, see ``skipped_last``."""
    return skipped_last([row(result) for result in results])


def skipped_last(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with skipped ones last: a reader looks for numbers first."""
    return sorted(rows, key=lambda row: row["status"] == Status.SKIPPED)


def find_run(store: Store, prefix: str) -> Run:
    """Return the run whose id begins so.

    Raises:
        NotFound: no run's id, or more than one, begins so.
    """
    runs = store.runs()
    exact = [run for run in runs if run.id == prefix]
    found = exact or [run for run in runs if run.id.startswith(prefix)]
    if len(found) != 1:
        raise NotFound("run", prefix, [run.id for run in found or runs][:10])
    return found[0]


def run_row(run: Run) -> dict[str, Any]:
    """Return what a reader wants to know of a run; ``sweep`` is what was asked."""
    return {
        "id": run.id,
        "name": run.name,
        "sweep": dict(run.sweep),
        "profile": run.sweep.get("profile"),
        "status": run.status,
        "trigger": run.trigger,
        "started_at_ns": run.started_at_ns,
        "finished_at_ns": run.finished_at_ns,
        "version": run.tierbench_version,
    }


def row(result: Result, summary: Summary | None = None) -> dict[str, Any]:
    """Return one result as a row, with its summary where that is at hand."""
    case, environment = result.case, result.environment
    variant, workload = case.variant, case.workload
    summary = summary or summarise(result)
    why = result.reason if result.status is Status.SKIPPED else None
    nothing = result.reason or (NO_CLOCK if result.figures else NOTHING)
    measured = {
        **_variant(variant),
        "lineage": [_step(step) for step in variant.lineage],
        **known("data_sha256", case.data_sha256, NO_DATA),
        "target": case.target,
        "options": dict(case.options),
        "place": case.place,
        "tier": case.tier,
        **_environment(environment, why),
        "evidence": str(result.evidence),
        "status": str(result.status),
        "reason": result.reason,
        "scenario": str(workload.scenario),
        "batch": workload.batch,
        "load": workload.load,
        "profile": workload.profile,
        "n": summary.samples,
        "slices": summary.slices,
        "workers": summary.workers,
        **_latency(result, summary, why, nothing),
        **device_time_row(result),
        **_throughput(result, summary, why or nothing),
        **load_rows(result, why or nothing),
        **memory_part(summary.memory, case.tier, why),
        **power_keys(summary.power, result.evidence, why or _unmetered(result)),
        **_accuracy(result, why),
        **soak_part(result, summarise_soak(case, result.blocks), why),
        **known("ran", result.workers[0].ran if result.workers else None, nothing),
        "throttled": result.throttled,
        "throttled_reason": result.throttled_reason or _unthrottled(result, nothing),
        "state": state_row(result.blocks),
        **known(
            "off_cpu_share",
            summary.off_cpu_share,
            _unflagged(summary, workload)
            if summary.slices
            else unborne(result) or nothing,
        ),
        "case_key": case.key,
        "variant_sha256": variant.sha256,
        "run": result.run_id,
        "result": result.id,
        "started_at_ns": result.started_at_ns,
        "finished_at_ns": result.finished_at_ns,
    }
    return with_figures(measured, result)


def _variant(variant: Variant) -> dict[str, Any]:
    return {
        "model": variant.model,
        "variant": variant.name,
        "format": variant.format,
        **known("weight_bits", variant.weight_bits, NOT_COUNTED),
        **known("activation_bits", variant.activation_bits, NOT_COUNTED),
        "size_bytes": variant.size_bytes,
        **known("parameters", variant.profile.parameters, NOT_COUNTED),
        **known("weight_bytes", variant.profile.weight_bytes, NO_COUNT),
        **known("macs", variant.profile.macs_total, NOT_COUNTED),
    }


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells one step of a lineage from others, as far as it says so."""
    return {key: to_plain(step[key]) for key in LINEAGE_KEYS if key in step}


def _environment(found: Environment | None, why: str | None) -> dict[str, Any]:
    names = ("device", "runtime", "runtime_version", "environment")
    if found is None:
        reason = why or "the target was not available"
        return {k: v for name in names for k, v in unknown(name, reason).items()}
    return {
        "device": found.device,
        "runtime": found.runtime,
        **known("runtime_version", found.runtime_version, UNTOLD),
        "environment": found.sha256,
    }


def _unthrottled(result: Result, nothing: str) -> str | None:
    """Return why it is not known whether the device throttled."""
    if result.throttled != "unknown":
        return None
    return "the target has no sensor that tells" if result.blocks else nothing


def _unmetered(result: Result) -> str | None:
    """Return why no meter could tell anything: nothing ran, or the case failed."""
    failed = result.status in (Status.FAILED, Status.TIMED_OUT)
    if result.blocks and not failed:
        return None
    if any(METERING in block.context for block in result.blocks):
        return None
    return result.reason or NOTHING


def _latency(
    result: Result, summary: Summary, why: str | None, nothing: str
) -> dict[str, Any]:
    offline = result.case.workload.scenario == "offline"
    if offline or not summary.samples:
        reason = why or (
            "queries of the offline scenario have no latency of their own"
            if offline and summary.slices
            else unborne(result) or nothing
        )
        return unknown("latency_ms", reason)
    if summary.median_ns.value is None:
        return unknown("latency_ms", summary.median_ns.reason or nothing)
    first = summary.first_call_ns
    no_first = UNSEEN_FIRST if summary.clock else "no first call was kept"
    return {
        "latency_ms": {
            **estimated("median", summary.median_ns, 1e-6),
            **estimated("p90", summary.p90_ns, 1e-6),
            **estimated("p99", summary.p99_ns, 1e-6),
            **bound("p90_early_stopping", summary.p90_early_stopping_ns, 1e-6),
            **bound("p99_early_stopping", summary.p99_early_stopping_ns, 1e-6),
            **_on_cpu(summary, result.case.workload),
            **known("first_call", first and first / 1e6, no_first),
        }
    }


def _unflagged(summary: Summary, workload: Workload) -> str:
    """Return why it is not known which calls were preempted."""
    if summary.clock is not None:
        return UNSEEN_CPU
    single = workload.scenario is Scenario.SINGLE_STREAM
    return OTHER_THREADS if single else UNDER_LOAD


def _on_cpu(summary: Summary, workload: Workload) -> dict[str, Any]:
    found = summary.on_cpu
    if found is None:
        return unknown("on_cpu", _unflagged(summary, workload))
    return {
        "on_cpu": {
            **estimated("median", found.median_ns, 1e-6),
            **estimated("p90", found.p90_ns, 1e-6),
            **estimated("p99", found.p99_ns, 1e-6),
            "n": found.samples,
            "flagged_share": found.flagged_share,
        }
    }


def _throughput(result: Result, summary: Summary, nothing: str) -> dict[str, Any]:
    if not summary.slices:
        return unknown("throughput_per_s", unborne(result) or nothing)
    return estimated("throughput_per_s", summary.throughput_per_s, 1.0)


def _accuracy(result: Result, why: str | None) -> dict[str, Any]:
    found = result.accuracy
    if found is None:
        reason = why or result.accuracy_reason or result.reason or "not evaluated"
        return unknown("accuracy", reason)
    return {
        "accuracy": {
            "metric": found.metric,
            "value": found.value,
            "ci95": [found.low, found.high],
            "n": found.n,
            **({} if found.evidence is None else {"evidence": str(found.evidence)}),
        }
    }


COLUMNS = (
    "case", "model", "variant", "target", "scenario", "batch", "status",
    "median ms", "95 %", "p90 ms", "per s", "peak MB", "size kB", "accuracy",
)  # fmt: skip


def cells(row: Mapping[str, Any]) -> Sequence[str]:
    """Return a row as text for ``COLUMNS``."""
    latency = row["latency_ms"] or {}
    band = [latency[end] for end in ("low", "high") if end in latency]
    memory, accuracy = row["memory"] or {}, row["accuracy"] or {}
    interval = latency.get("median_ci95") or band or None
    peak = memory.get("peak_bytes")
    score = accuracy.get("value")
    return (
        row["case_key"][:8],
        row["model"],
        row["variant"],
        row["place"],
        row["scenario"],
        str(row["batch"]),
        _outcome(row),
        _digits(latency.get("median", latency.get("mid"))),
        "-" if interval is None else " - ".join(map(_digits, interval)),
        _digits(latency.get("p90")),
        _digits(row["throughput_per_s"]),
        "-" if peak is None else f"{peak / 1e6:.1f}",
        f"{row['size_bytes'] / 1e3:.1f}",
        "-" if score is None else f"{score:.4f}",
    )


def notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return each reason for what ``cells`` lack, or spoils them, with its cases."""
    cases: dict[str, list[str]] = {}
    for row in rows:
        for note in _notes(row):
            cases.setdefault(note, []).append(row["case_key"][:8])
    found = [f"{note} ({', '.join(keys)})" for note, keys in cases.items()]
    return found + [f"warning: {flip_sentence(flip)}" for flip in flips(rows)]


def _notes(row: Mapping[str, Any]) -> Iterator[str]:
    if row["status"] != Status.OK:
        yield f"{row['status']}: {row['reason']}"
    elif "latency" in row["figures"] and row["latency_ms"] is None:
        yield f"no latency: {row['latency_ms_reason']}"
    elif row["throughput_per_s"] is None and not row["figures"]:
        yield f"no throughput: {row['throughput_per_s_reason']}"
    elif row["accuracy"] is None:
        yield f"no accuracy: {row['accuracy_reason']}"
    if row["throttled"] == "throttled":
        yield f"throttled: {row['throttled_reason']}"


def _outcome(row: Mapping[str, Any]) -> str:
    """Return the status, and the evidence unless it is a measurement."""
    status, evidence = str(row["status"]), row["evidence"]
    plain = evidence == Evidence.MEASURED or status == Status.SKIPPED
    return status if plain else f"{status} ({evidence})"


def _digits(value: float | None) -> str:
    """Return four significant digits, and all that stand before the point."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
