"""Compliance runs: what LoadGen says of a case, beside what was measured here.

LoadGen takes a case's own result for what it must know before: how long a query takes,
or how many a second to send. Its logs are the evidence; what they say is read from
``mlperf_log_detail.txt``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .data import batch_of, fitted, synthetic
from .errors import CaseError
from .plan import Planned
from .results import row
from .values import Result, Scenario, Workload

DETAIL = "mlperf_log_detail.txt"
PREFIX = ":::MLLOG "
LINE_MAX = 1 << 20

QUERIES_MIN = {0.9: 64, 0.99: 662}
"""MLPerf's least for its early stopping at 99 % confidence, by percentile."""

EXPECTED_MORE = 1.1
"""Offline, LoadGen sends as much as the expected rate takes: too little is INVALID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """One run of LoadGen: its verdict, and a quantity beside tierbench's own.

    ``quantity`` names both values, with the unit. ``reason`` is LoadGen's.
    """

    case: str
    case_key: str
    valid: bool
    reason: str | None
    queries: int
    quantity: str
    loadgen: float | None
    tierbench: float | None
    folder: str


def compliance(
    planned: Planned, result: Result, seconds: float, folder: Path
) -> Compliance:
    """Run LoadGen on one case that was measured.

    Args:
        planned: the case.
        result: its own, for what LoadGen must know before.
        seconds: LoadGen's least duration; MLPerf's own is 600.
        folder: where its logs go; made if absent.

    Raises:
        CaseError: the scenario is none of LoadGen's, nothing was measured to begin
            with, the runtime refused, or the logs hold no result.
    """
    workload = planned.case.workload
    known = row(result)
    settings = _settings(workload, known, seconds)
    folder.mkdir(parents=True, exist_ok=True)
    artifact = planned.target.ready(planned.case, planned.limits)
    with planned.target.launch(planned.case, artifact, planned.limits) as worker:
        specs = worker.open().inputs
        if planned.data is None or not specs:
            worker.bind(synthetic(specs, workload.batch, workload.seed))
        else:
            data = fitted(planned.data.data, specs)
            worker.bind(batch_of(data, 0, workload.batch, specs))
        worker.comply(str(workload.scenario), settings, folder)
    logged = read_detail(folder / DETAIL)
    quantity, found, own = _quantity(workload, logged, known)
    valid = logged.get("result_validity") == "VALID"
    reason = str(logged.get("early_stopping_result") or "").strip()
    told = f"{logged.get('result_invalid_reason') or ''} {reason}"
    return Compliance(
        case=planned.case.label,
        case_key=planned.case.key,
        valid=valid,
        reason=None if valid else " ".join(told.split()) or "LoadGen gives none",
        queries=int(logged["result_query_count"]),
        quantity=quantity,
        loadgen=found,
        tierbench=own,
        folder=str(folder),
    )


def read_detail(path: Path) -> dict[str, Any]:
    """Return the last value of each key of LoadGen's detailed log.

    Raises:
        CaseError: the log cannot be read, or the run did not come to its result.
    """
    found: dict[str, Any] = {}
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith(PREFIX) and len(line) <= LINE_MAX:
                    entry = json.loads(line[len(PREFIX) :])
                    found[str(entry["key"])] = entry["value"]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise CaseError(f"LoadGen's log {str(path)!r} cannot be read: {exc}") from exc
    if "result_validity" not in found or "result_query_count" not in found:
        raise CaseError(f"LoadGen's log {str(path)!r} holds no result")
    return found


def _settings(
    workload: Workload, known: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """Return LoadGen's settings by name, from what was measured."""
    settings: dict[str, Any] = {"min_duration_ms": int(1e3 * seconds)}
    scenario, rate = workload.scenario, known["throughput_per_s"]
    median_ms = (known["latency_ms"] or {}).get("median")
    if scenario is Scenario.OFFLINE and rate:
        return {
            **settings,
            "min_query_count": 1,
            "offline_expected_qps": EXPECTED_MORE * rate,
        }
    if scenario is Scenario.SERVER and rate and workload.batch == 1:
        return {
            **settings,
            "min_query_count": QUERIES_MIN[0.99],
            "server_target_qps": float(rate),
            "server_target_latency_ns": round(1e6 * (workload.server_p99_ms or 0)),
            "server_target_latency_percentile": 0.99,
        }
    if scenario is Scenario.SINGLE_STREAM and median_ms and workload.batch == 1:
        return {
            **settings,
            "min_query_count": QUERIES_MIN[0.9],
            "single_stream_expected_latency_ns": round(1e6 * median_ms),
        }
    if scenario is Scenario.MULTI_STREAM and median_ms:
        return {
            **settings,
            "min_query_count": QUERIES_MIN[0.99],
            "multi_stream_samples_per_query": workload.samples,
            "multi_stream_expected_latency_ns": round(1e6 * median_ms),
        }
    raise CaseError(_unfit(workload, known))


def _unfit(workload: Workload, known: Mapping[str, Any]) -> str:
    if workload.scenario is Scenario.PIPELINE:
        return "LoadGen knows no scenario 'pipeline'"
    if workload.batch != 1 and workload.samples_per_query is None:
        return f"in {workload.scenario} LoadGen sends single samples: batch 1 is valid"
    why = known["throughput_per_s_reason"] if not known["throughput_per_s"] else ""
    return f"nothing was measured that LoadGen could begin with: {why or 'no latency'}"


def _quantity(
    workload: Workload, logged: Mapping[str, Any], known: Mapping[str, Any]
) -> tuple[str, float | None, float | None]:
    """Return what is compared: its name with the unit, LoadGen's value, and ours."""
    latency = known["latency_ms"] or {}
    if workload.scenario is Scenario.OFFLINE:
        rate = logged.get("result_samples_per_second")
        return "samples/s", rate, known["throughput_per_s"]
    if workload.scenario is Scenario.SINGLE_STREAM:
        found = logged.get("result_90.00_percentile_latency_ns")
        return "p90 ms", _ms(found), latency.get("p90")
    found = logged.get("result_99.00_percentile_latency_ns")
    own = latency.get("p99")
    if workload.scenario is Scenario.SERVER:
        own = (known["server"] or {}).get("p99_ms")
    return "p99 ms", _ms(found), own


def _ms(ns: Any) -> float | None:
    return None if ns is None else float(ns) / 1e6
