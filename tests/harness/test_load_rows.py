"""What a case bears, as keys of its row."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.loads import PIPELINE, SERVER, a_window
from support.measured import a_block, a_case, a_result

from tierbench.harness.load_rows import UNTRIED, load_rows, unborne
from tierbench.harness.results import row
from tierbench.harness.values import Scenario, Series

MET, FAILED = [900.0] * 9, [30_000.0] * 9


def result(workload, *blocks):
    return a_result(case=replace(a_case(), workload=workload), blocks=blocks)


def a_slice(index: int, **stages_us: float):
    """Return a slice of one whole frame and one timed by stage."""
    block = a_block(index, [sum(stages_us.values())])
    series = tuple(
        Series(quantity=name, unit="ns", values=np.array([round(1e3 * us)]))
        for name, us in stages_us.items()
    )
    return replace(block, series=(*block.series, *series))


def unexplained(found: Mapping[str, Any]) -> Iterator[str]:
    for key, value in found.items():
        if isinstance(value, Mapping):
            yield from unexplained(value)
        is_reason = key == "reason" or key.endswith("_reason")
        if value is None and not is_reason and not found.get(f"{key}_reason"):
            yield key


CASES = {
    "server": result(SERVER, a_window(0, 10.0, MET), a_window(1, 20.0, FAILED)),
    "server, all met": result(SERVER, a_window(0, 10.0, MET)),
    "server, none met": result(SERVER, a_window(0, 10.0, FAILED)),
    "server, never served": result(SERVER, a_window(0, 10.0, MET, unserved=900)),
    "server, not measured": result(SERVER),
    "server, cut short": result(
        replace(SERVER, profile="smoke"), a_window(0, 10.0, MET)
    ),
    "server, left early": result(
        replace(SERVER, profile="smoke"),
        *(a_window(i, 10.0, MET * 30) for i in range(5)),
    ),
    "pipeline": result(
        PIPELINE,
        a_slice(0, preprocess=500.0, inference=300.0, postprocess=100.0),
        a_window(1, 3.0, MET),
        a_window(2, 4.0, FAILED),
    ),
    "pipeline, all met": result(PIPELINE, a_window(0, 8.0, MET)),
    "pipeline, left early": result(PIPELINE, a_window(0, 3.0, MET)),
    "pipeline, none met": result(PIPELINE, a_window(0, 1.0, FAILED)),
    "pipeline, not measured": result(PIPELINE),
    "another": result(replace(SERVER, scenario=Scenario.SINGLE_STREAM)),
    "no limit": result(replace(SERVER, server_p99_ms=None), a_block(0, MET)),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_is_unknown_has_its_reason(name: str) -> None:
    assert list(unexplained(load_rows(CASES[name], "nothing was measured"))) == []
    assert list(unexplained(row(CASES[name]))) == []


def test_a_server_tells_the_rates_around_its_answer() -> None:
    found = load_rows(CASES["server"], "")["server"]
    assert (found["rate_per_s"], found["next_rate_per_s"]) == (10.0, 20.0)
    assert (found["p99_ms"], found["next_p99_ms"]) == (0.9, 30.0)
    assert found["p99_limit_ms"] == 10.0
    assert found["levels"][1] == {
        "rate_per_s": 20.0,
        "queries": 9,
        "late": 9,
        "p99_ms": 30.0,
        "met": False,
    }


def test_a_pipeline_tells_its_stages_and_its_cameras() -> None:
    found = load_rows(CASES["pipeline"], "")["pipeline"]
    stages = [
        found[f"{name}_ms"] for name in ("preprocess", "inference", "postprocess")
    ]
    assert stages == pytest.approx([0.5, 0.3, 0.1])
    assert found["whole_ms"] == pytest.approx(0.9)
    assert (found["streams"], found["next_streams"]) == (3, 4)
    assert (found["in_time"], found["next_in_time"]) == (1.0, 0.0)
    all_met = load_rows(CASES["pipeline, all met"], "")["pipeline"]
    assert all_met["streams"] == 8
    assert "asked for, 8, were met" in all_met["next_streams_reason"]


def test_each_key_belongs_to_one_scenario() -> None:
    found = load_rows(CASES["another"], "")
    assert found["server"] is found["pipeline"] is None
    assert found["server_reason"] == "the scenario is single_stream"
    assert (
        load_rows(CASES["pipeline"], "")["server_reason"] == "the scenario is pipeline"
    )


def test_a_load_that_none_bears_is_told_from_none_that_was_offered() -> None:
    assert "lowest rate" in (unborne(CASES["server, none met"]) or "")
    for name in ("server", "server, not measured", "another", "no limit"):
        assert unborne(CASES[name]) is None


def test_a_search_that_was_cut_short_claims_nothing_of_what_it_did_not_try() -> None:
    cut = load_rows(CASES["server, cut short"], "")["server"]
    assert cut["rate_per_s"] is None
    for key in ("next_rate_per_s_reason", "next_p99_ms_reason"):
        assert cut[key] == "no load was offered for long enough"
    early = load_rows(CASES["server, left early"], "")["server"]
    assert early["rate_per_s"] == 10.0
    for key in ("next_rate_per_s_reason", "next_p99_ms_reason"):
        assert early[key] == UNTRIED
    cameras = load_rows(CASES["pipeline, left early"], "")["pipeline"]
    assert cameras["streams"] == 3
    assert cameras["next_streams_reason"] == cameras["next_in_time_reason"] == UNTRIED
