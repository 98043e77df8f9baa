"""Servers and camera lines in the report."""

from types import SimpleNamespace
from typing import Any

import pytest

from tierbench.reports.load import load_tables
from tierbench.reports.pareto import fronts
from tierbench.reports.summary import highlights, workload

SERVER: dict[str, Any] = {
    "p99_limit_ms": 20.0,
    "rate_per_s": 412.3,
    "p99_ms": 18.456,
    "next_rate_per_s": 440.0,
    "next_p99_ms": None,
    "next_p99_ms_reason": "its queue never ended",
    "levels": [],
}
PIPELINE: dict[str, Any] = {
    "preprocess_ms": 0.21,
    "inference_ms": 0.063,
    "postprocess_ms": 0.017,
    "whole_ms": 0.291,
    "frame_rate_fps": 60.0,
    "deadline_ms": 1000 / 60,
    "streams": None,
    "streams_reason": "with 1 camera too few were in time",
    "in_time": None,
    "in_time_reason": "with 1 camera too few were in time",
    "next_streams": 1,
    "next_in_time": 0.5,
    "levels": [],
}


def server(examples: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = examples.measured_row(
        scenario="server",
        load={"server_p99_ms": 20.0},
        server=SERVER,
        throughput_per_s=412.3,
        throughput_per_s_ci95=None,
        throughput_per_s_ci95_reason="it was searched for",
    )
    return row | changes


def pipeline(examples: SimpleNamespace, **changes: Any) -> dict[str, Any]:
    load = {"frame_rate_fps": 60.0, "frame_deadline_ms": 1000 / 60, "streams_max": 64}
    row: dict[str, Any] = examples.measured_row(
        scenario="pipeline", load=load, pipeline=PIPELINE
    )
    return row | changes


def test_each_scenario_with_a_case_has_its_table(examples: SimpleNamespace) -> None:
    rows = [examples.measured_row(), pipeline(examples), server(examples)]
    assert load_tables(rows[:1]) == []
    tables = load_tables(rows)
    assert [len(table.rows) for table in tables] == [1, 1]
    for table in tables:
        for _, _, figures in table.rows:
            assert len(figures) == len(table.heads)


def test_what_is_unknown_has_its_reason(examples: SimpleNamespace) -> None:
    (table,) = load_tables([server(examples)])
    ((case, work, figures),) = table.rows
    assert case == "defect / fp32 on host-onnxruntime"
    assert "within p99 20" in work
    assert [figure.text for figure in figures] == ["412", "18.5", "440", "n/a"]
    assert figures[-1].reason == "its queue never ended"
    skipped = server(examples, server=None, server_reason="no driver")
    ((_, _, unknown),) = load_tables([skipped])[0].rows
    assert {figure.reason for figure in unknown} == {"no driver"}


def test_counts_are_whole(examples: SimpleNamespace) -> None:
    held = PIPELINE | {"streams": 16, "in_time": 1.0, "next_streams": 17}
    ((_, _, figures),) = load_tables([pipeline(examples, pipeline=held)])[0].rows
    assert [figure.text for figure in figures][4:7] == ["16", "100", "17"]


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (
            {"server_p99_ms": 20.0},
            "server within p99 20 ms, batch\N{NO-BREAK SPACE}1",
        ),
        ({}, "server, batch\N{NO-BREAK SPACE}1"),
        (None, "server, batch\N{NO-BREAK SPACE}1"),
        ({"samples_per_query": 8}, "server of 8, batch\N{NO-BREAK SPACE}1"),
    ],
)
def test_unlike_loads_are_told_apart(
    examples: SimpleNamespace, load: object, words: str
) -> None:
    assert workload(server(examples, load=load)) == words


def test_cases_are_judged_by_the_rate_that_they_bear(examples: SimpleNamespace) -> None:
    rows = [server(examples), server(examples, throughput_per_s=300.0)]
    rows.append(server(examples, load={"server_p99_ms": 5.0}))
    speed = [front for front in fronts(rows) if front.cost.name == "throughput"]
    assert [front.members for front in speed] == [(0,), (2,)]


def test_no_server_is_the_fastest(examples: SimpleNamespace) -> None:
    """Its latency is that at a rate of its own."""
    (sentence,) = highlights([server(examples)]).values()
    assert "fastest" not in sentence
