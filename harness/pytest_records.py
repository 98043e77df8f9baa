"""What a pytest session records of each case: JUnit, pytest-benchmark, the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import TYPE_CHECKING, Any

from .findings import Findings
from .terminal import printable

if TYPE_CHECKING:
    import pytest

SAMPLES_MAX = 20_000
"""Samples of a case that pytest-benchmark is given: its statistics are plain Python."""


def record(
    benchmark: Any, case: Mapping[str, Any], found: Findings, store_url: str
) -> None:
    """Give a case's samples, seconds of each call, to pytest-benchmark's fixture.

    It has no public way in; the two private names are those of versions 5.x.
    """
    benchmark._mode = "tierbench"  # else it warns that it was not used
    benchmark.extra_info.update(dict(properties(case, found)))
    samples_s = [] if benchmark.disabled else _samples_s(case["result"], store_url)
    if samples_s:
        stats = benchmark._make_stats(iterations=1)
        stats.stats.data.extend(samples_s)


def to_junit(config: pytest.Config, outcome: Mapping[str, Any]) -> None:
    """Write what is known of each case to the JUnit file, if one is asked for.

    They are properties of the whole suite: the schema of pytest's default family,
    ``xunit2``, has none for a single test.
    """
    from _pytest.junitxml import xml_key

    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    for label, case in _once(outcome):
        for name, value in properties(case, Findings(case["row"])):
            xml.add_global_property(printable(f"{label}: {name}"), str(value))


def properties(
    case: Mapping[str, Any], found: Findings
) -> Iterator[tuple[str, float | str]]:
    """Yield (name, value) of what is known about a case."""
    row = case["row"]
    for quantity in found.quantities():
        if quantity.value is not None:
            unit = f" ({quantity.unit})" if quantity.unit else ""
            yield f"{quantity.name}{unit}", quantity.value
    yield "evidence", found.evidence
    yield "status", found.status
    yield "target", row["place"]
    yield "case", row["case_key"]
    yield "run", row["run"]
    gate = case["gate"]
    if gate is not None:
        yield "gate", str(gate["verdict"] or gate["message"])
        if gate["ratio"] is not None:
            yield "ratio to baseline", gate["ratio"]


def summary(outcome: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that end a session."""
    cases = [case for _, case in _once(outcome)]
    statuses = Counter(_status(case["row"]) for case in cases)
    counts = ", ".join(f"{n} {status}" for status, n in sorted(statuses.items()))
    run, store = outcome["run"][:8], outcome["store"]
    yield f"run {run}: {counts}"
    if outcome["baseline"] is not None:
        verdicts = Counter(_verdict(case["gate"]) for case in cases)
        judged = ", ".join(f"{n} {verdict}" for verdict, n in sorted(verdicts.items()))
        runs = ", ".join(id[:8] for id in outcome["baseline"])
        yield f"against {f'run {runs}' if runs else 'no earlier run'}: {judged}"
    yield f"tierbench report --store {quote(store)} --run {run}"


def _once(outcome: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (label, case) of every case once, however many tests look at it."""
    seen = set()
    for of_source in outcome["cases"].values():
        for label, case in of_source.items():
            if case["row"]["case_key"] not in seen:
                seen.add(case["row"]["case_key"])
                yield label, case


def _status(row: Mapping[str, Any]) -> str:
    """Return the status, and the evidence unless it is a measurement."""
    if row["evidence"] == "MEASURED" or row["status"] == "skipped":
        return str(row["status"])
    return f"{row['status']} ({row['evidence']})"


def _verdict(gate: Mapping[str, Any] | None) -> str:
    if gate is None:
        return "not measured"
    if gate["role"] == "none":
        return "without baseline"
    if gate["role"] == "unchanged":
        return "unchanged"
    how = {True: "paired ", False: "unpaired "}.get(gate["paired"], "")
    return f"{how}{gate['verdict'] or 'unknown'}"


def _samples_s(result: str, store_url: str) -> list[float]:
    """Return seconds per call: of each call, or of each block where none was timed."""
    import numpy as np

    from .store import Store
    from .summary import slice_values

    with Store.open(store_url, create=False) as store:
        found = store.result(result)
    values = slice_values(found.case, found.blocks)
    timed = [block.values("latency") for block in values.blocks]
    known = [latencies for latencies in timed if latencies is not None]
    offline = found.case.workload.scenario == "offline" or not known
    ns = values.values_ns if offline else np.concatenate(known)
    step = -(-len(ns) // SAMPLES_MAX)
    return [float(value) for value in ns[:: max(step, 1)] / 1e9]
