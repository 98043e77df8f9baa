"""MLPerf's rule is exact, and the estimate LoadGen's own, on recorded and live runs."""

import importlib.util
import json
import math
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import loadgen
from support.components import missing
from support.loadgen import RUNS, told

from tierbench.harness.early_stopping import over_latency_allowed, queries_needed
from tierbench.harness.tails import Tail

RECORDED = Path(__file__).parents[1] / "recorded" / "loadgen.jsonl"


def chance_of_at_most(over: int, n: int, q: Fraction) -> Fraction:
    """Return exactly the chance that ``over`` or fewer of n lie above the quantile."""
    return sum(
        (math.comb(n, k) * (1 - q) ** k * q ** (n - k) for k in range(over + 1)),
        Fraction(0),
    )


@pytest.mark.parametrize(
    ("q", "over", "need"),
    [
        ("0.9", 1, 64),
        ("0.9", 10, 197),
        ("0.95", 1, 130),
        ("0.95", 10, 398),
        ("0.99", 1, 662),
        ("0.99", 10, 2010),
        ("0.999", 1, 6636),
    ],
)
def test_the_rule_s_table_is_exact(q: str, over: int, need: int) -> None:
    share = Fraction(q)

    assert chance_of_at_most(over, need, share) < Fraction(1, 100)
    assert chance_of_at_most(over, need - 1, share) >= Fraction(1, 100)
    assert queries_needed(float(q), over) == need
    assert over_latency_allowed(need, float(q)) == over
    assert over_latency_allowed(need - 1, float(q)) == over - 1


def recorded() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDED.read_text().splitlines()]


def check(run: dict[str, Any], latencies_ns: np.ndarray) -> None:
    """Compare our estimates with what LoadGen logged of the same latencies."""
    log, q, n = told(run["log"]), run["percentile"], run["queries"]
    assert log["result_query_count"] == len(latencies_ns) == n
    tail, words = Tail([latencies_ns], [0]), log["early_stopping_result"]
    ours = tail.early_stopping(q)
    if "Only processed" in words:
        need = re.search(r"at least (\d+) queries", words)
        assert int(need[1]) == queries_needed(q)
        assert ours.value is None
        assert f"{int(need[1]):,} queries" in ours.reason
        return
    discarded = re.search(r"discard (\d+) highest", words)
    assert int(discarded[1]) == over_latency_allowed(n, q) - 1
    assert ours.value == log["early_stopping_latency_ss"]
    p99 = tail.early_stopping(0.99)
    if "Not enough queries" in words:
        need = re.search(r"least (\d+) total queries", words)
        assert int(need[1]) == queries_needed(0.99)
        assert p99.value is None
    else:
        assert p99.value == log["early_stopping_latency_ms"]


@pytest.mark.parametrize("run", recorded(), ids=lambda run: run["queries"])
def test_recorded_runs_of_loadgen(run: dict[str, Any]) -> None:
    rest = run["queries"] - len(run["slowest_ns"])
    check(run, np.concatenate([np.zeros(rest), run["slowest_ns"]]))


def test_the_records_are_of_both_sides_of_each_limit() -> None:
    assert [(run["percentile"], run["queries"]) for run in recorded()] == list(RUNS)
    versions = {told(run["log"])["loadgen_version"] for run in recorded()}
    assert len(versions) == 1
    assert versions.pop().startswith("6.0.17")


@pytest.mark.parametrize("run", [(0.9, 64), (0.99, 661), (0.99, 662), (0.9, 5000)])
def test_live_runs_of_loadgen(run: tuple[float, int]) -> None:
    if importlib.util.find_spec("mlperf_loadgen") is None:
        missing("mlperf", "mlcommons-loadgen is not installed")
    done = subprocess.run(
        [sys.executable, loadgen.__file__, *map(str, run)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    check(found, np.array(found["latencies_ns"]))
