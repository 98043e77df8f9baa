"""Compliance runs: LoadGen's settings, its logs, and the real LoadGen."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from store_examples import example_environment
from support.components import missing
from support.loads import SERVER, a_window
from support.measured import a_case, a_result
from support.plans import plan_of

from tierbench.harness.errors import CaseError
from tierbench.harness.mlperf import DETAIL, _settings, compliance, read_detail
from tierbench.harness.results import row
from tierbench.harness.values import Scenario

REAL = 'use = "sim"\nclock = "real"\nlatency_us = 400.0\nnoise = 0.0'


def logged(folder: Path, **values: object) -> Path:
    """Write a log as LoadGen 6.0.17 writes it, with lines of other kinds."""
    lines = ["some text of a library"]
    for key, value in values.items():
        entry = {
            "key": key,
            "value": value,
            "time_ms": 6.8,
            "namespace": "mlperf::logging",
            "event_type": "POINT_IN_TIME",
            "metadata": {"is_error": False, "is_warning": False, "file": "loadgen.cc"},
        }
        lines.append(f":::MLLOG {json.dumps(entry)}")
    path = folder / DETAIL
    path.write_text("\n".join([*lines, ""]))
    return path


def test_the_last_value_of_each_key_counts(tmp_path) -> None:
    first = logged(tmp_path, result_validity="INVALID", result_query_count=9)
    before = first.read_text()
    path = logged(tmp_path, result_validity="VALID")
    path.write_text(before + path.read_text())
    assert read_detail(path) == {"result_validity": "VALID", "result_query_count": 9}


@pytest.mark.parametrize(
    "text",
    ["", ":::MLLOG {", ":::MLLOG []\n", ":::MLLOG 7\n", "\x00\xff"],
    ids=["empty", "torn", "list", "number", "binary"],
)
def test_a_log_without_result_is_refused(tmp_path, text: str) -> None:
    (tmp_path / DETAIL).write_text(text, encoding="latin-1")
    with pytest.raises(CaseError, match="LoadGen's log"):
        read_detail(tmp_path / DETAIL)
    with pytest.raises(CaseError, match="cannot be read"):
        read_detail(tmp_path / "absent")


def settings_of(scenario: Scenario, batch: int = 1, **changes):
    case = a_case(scenario=scenario, batch=batch)
    case = replace(case, workload=replace(case.workload, **changes))
    return _settings(case.workload, row(a_result(case=case)), 2.5)


def test_loadgen_is_told_what_was_measured() -> None:
    single = settings_of(Scenario.SINGLE_STREAM)
    assert single == {
        "min_duration_ms": 2500,
        "min_query_count": 64,
        "single_stream_expected_latency_ns": 1_000_000,
    }
    multi = settings_of(Scenario.MULTI_STREAM, samples_per_query=4)
    assert multi["multi_stream_samples_per_query"] == 4
    assert multi["min_query_count"] == 662
    offline = settings_of(Scenario.OFFLINE, batch=8)
    rate = row(a_result(case=a_case(scenario=Scenario.OFFLINE, batch=8)))
    assert offline["offline_expected_qps"] == 1.1 * rate["throughput_per_s"]


def test_a_server_is_sent_the_rate_that_it_bears() -> None:
    case = replace(a_case(), workload=SERVER)
    blocks = (a_window(0, 100.0, [900.0] * 9), a_window(1, 200.0, [2e4] * 9))
    told = _settings(SERVER, row(a_result(case=case, blocks=blocks)), 1.0)
    assert told["server_target_qps"] == 100.0
    assert told["server_target_latency_ns"] == 10_000_000
    none = row(a_result(case=case, blocks=blocks[1:]))
    with pytest.raises(CaseError, match="queries/s, the lowest rate"):
        _settings(SERVER, none, 1.0)


@pytest.mark.parametrize(
    ("scenario", "batch", "words"),
    [(Scenario.SINGLE_STREAM, 8, "batch 1"), (Scenario.PIPELINE, 1, "no scenario")],
)
def test_what_loadgen_does_not_know_is_refused(scenario, batch, words) -> None:
    with pytest.raises(CaseError, match=words):
        settings_of(scenario, batch)


def test_a_worker_without_loadgen_says_so(tmp_path) -> None:
    (planned,) = plan_of(tmp_path, 'use = "sim"').cases
    result = a_result(case=planned.case, environment=example_environment())
    with pytest.raises(CaseError, match="do not run LoadGen"):
        compliance(planned, result, 1.0, tmp_path / "logs")


@pytest.mark.parametrize(
    ("scenario", "quantity"),
    [
        ("single_stream", "p90 ms"),
        ("multi_stream", "p99 ms"),
        ("server", "p99 ms"),
        ("offline", "samples/s"),
    ],
)
def test_the_real_loadgen_runs_in_the_worker(tmp_path, scenario, quantity) -> None:
    if find_spec("mlperf_loadgen") is None:
        missing("mlperf", "LoadGen is not installed; pip install 'tierbench[mlperf]'")
    rest = f'[workload]\nscenario = "{scenario}"\nserver_p99_ms = 20.0\n'
    (planned,) = plan_of(tmp_path, REAL, rest=rest).cases
    # What was measured is made up here: a call of 400 us, a rate of 500 a second.
    blocks = None
    if scenario == "server":
        calls = [450.0] * 200
        blocks = [a_window(i, 500.0, calls, service_us=400.0) for i in range(5)]
    changes = {} if blocks is None else {"blocks": tuple(blocks)}
    result = a_result(case=planned.case, medians_us=[400.0] * 20, **changes)
    found = compliance(planned, result, 0.5, tmp_path / "logs")
    assert found.quantity == quantity
    assert found.queries >= 1
    assert found.valid == (found.reason is None)
    logs = read_detail(tmp_path / "logs" / DETAIL)
    assert logs["result_validity"] == ("VALID" if found.valid else "INVALID")
    assert found.loadgen is not None
    if quantity == "samples/s":
        assert 500 < found.loadgen <= 2500
    else:
        calls = 8 if scenario == "multi_stream" else 1
        assert found.loadgen >= calls * 0.4
