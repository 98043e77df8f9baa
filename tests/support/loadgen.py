"""Run the real LoadGen on a synthetic system and keep what it logs of its run.

    python tests/support/loadgen.py 0.99 662 > run.json
    python tests/support/loadgen.py > tests/recorded/loadgen.jsonl

The second makes all recorded runs anew, of which only the slowest queries are kept.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Any

KEYS = (
    "loadgen_version",
    "early_stopping_result",
    "result_query_count",
    "early_stopping_latency_ss",
    "early_stopping_latency_ms",
)
"""Of ``mlperf_log_detail.txt``."""

RUNS = (
    *((0.9, 63), (0.9, 64), (0.9, 197), (0.9, 661), (0.9, 662)),
    *((0.95, 129), (0.95, 130), (0.95, 398)),
    *((0.99, 661), (0.99, 662), (0.99, 2009), (0.99, 2010)),
    *((0.999, 6635), (0.999, 6636), (0.999, 20_139), (0.999, 20_140)),
)
"""Percentile and number of queries, at and below each row of the rule's table."""


def record(percentile: float, queries: int) -> dict[str, Any]:
    """Return a single-stream run: its log's lines and every query's latency in ns.

    The synthetic system answers each query after a drawn time. LoadGen times the
    queries itself; its trace holds what it saw.
    """
    with tempfile.TemporaryDirectory() as folder:
        _run(percentile, queries, folder)
        detail = (Path(folder) / "mlperf_log_detail.txt").read_text()
        trace = (Path(folder) / "mlperf_log_trace.json").read_text()
    lines = [line for line in detail.splitlines() if _entry(line)["key"] in KEYS]
    # The trace is not quite JSON.
    latencies = [int(found) for found in re.findall(r'"complete_ns":(\d+)', trace)]
    return {
        "percentile": percentile,
        "queries": queries,
        "log": lines,
        "latencies_ns": latencies,
    }


def told(lines: Sequence[str]) -> dict[str, Any]:
    """Return the values in a log's lines by key."""
    entries = map(_entry, lines)
    return {entry["key"]: entry["value"] for entry in entries}


def _entry(line: str) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(line.removeprefix(":::MLLOG "))
    return entry


def _run(percentile: float, queries: int, folder: str) -> None:
    import mlperf_loadgen as loadgen

    chance = random.Random(queries)

    def answer(samples: Sequence[Any]) -> None:
        end = perf_counter_ns() + 1e4 * chance.lognormvariate(0, 0.3)
        while perf_counter_ns() < end:
            pass
        loadgen.QuerySamplesComplete(
            [loadgen.QuerySampleResponse(sample.id, 0, 0) for sample in samples]
        )

    settings = loadgen.TestSettings()
    settings.scenario = loadgen.TestScenario.SingleStream
    settings.mode = loadgen.TestMode.PerformanceOnly
    settings.min_query_count = settings.max_query_count = queries
    settings.min_duration_ms = 0
    settings.single_stream_target_latency_percentile = percentile
    settings.single_stream_expected_latency_ns = 10_000
    log = loadgen.LogSettings()
    log.log_output = loadgen.LogOutputSettings()
    log.log_output.outdir = folder
    log.enable_trace = True
    sut = loadgen.ConstructSUT(answer, lambda: None)
    qsl = loadgen.ConstructQSL(16, 16, lambda _: None, lambda _: None)
    try:
        loadgen.StartTestWithLogSettings(sut, qsl, settings, log)
    finally:
        loadgen.DestroyQSL(qsl)
        loadgen.DestroySUT(sut)


def _recorded(percentile: float, queries: int) -> dict[str, Any]:
    run = record(percentile, queries)
    # Both estimates that LoadGen makes, the asked one and p99, are among these.
    kept = 1 + int(queries * max(1 - percentile, 0.01))
    run["slowest_ns"] = sorted(run.pop("latencies_ns"))[-kept:]
    return run


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(record(float(sys.argv[1]), int(sys.argv[2]))))
    else:
        for asked in RUNS:
            print(json.dumps(_recorded(*asked)))
