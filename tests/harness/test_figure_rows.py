"""Figures in a row of results: counted or projected, each by its own evidence."""

from dataclasses import replace

from support.clockless import ARENA, COUNTED, PROJECTED, UNKNOWN
from support.measured import a_result

from tierbench.harness.results import cells, notes, row
from tierbench.harness.values import Accuracy, Evidence


def figured(*figures, **changes):
    result = replace(a_result(), blocks=(), workers=(), figures=figures)
    return replace(result, evidence=Evidence.PROJECTED, **changes)


def test_a_band_stands_where_a_measurement_would() -> None:
    found = row(figured(PROJECTED))
    band = {"low": 50.0, "mid": 75.0, "high": 110.0, "coverage": 0.8}
    assert found["latency_ms"] == band
    assert "latency_ms_reason" not in found
    assert found["evidence"] == "PROJECTED"
    assert found["throughput_per_s"] is None
    assert found["throughput_per_s_reason"] == "the target tells no time"


def test_what_is_not_known_has_its_reason() -> None:
    found = row(figured(UNKNOWN))
    assert found["energy_mj"] is None
    assert found["energy_mj_reason"] == UNKNOWN.reason
    assert found["figures"]["energy"]["reason"] == UNKNOWN.reason


def test_energy_names_its_scope() -> None:
    energy = replace(UNKNOWN, reason=None, value=2e-3)
    assert row(figured(energy))["energy_mj"] == {"value": 2.0, "scope": "board"}


def test_counts_keep_their_own_evidence() -> None:
    found = row(figured(COUNTED, PROJECTED, ARENA))
    assert found["instructions"] == {"value": 7_698_485.0, "evidence": "EMULATED"}
    assert found["memory"]["scope"] == "arena"
    assert found["memory"]["arena_bytes"]["evidence"] == "EMULATED"
    assert found["memory"]["peak_bytes"] is None
    assert found["figures"]["instructions"]["basis"] == {"machine": "mps2-an386"}


def test_a_measured_row_says_that_nothing_was_counted() -> None:
    found = row(a_result())
    assert found["figures"] == {}
    assert found["instructions"] is None
    assert "does not count" in found["instructions_reason"]
    assert found["latency_ms"]["median"] > 0


def test_accuracy_may_rest_on_other_evidence() -> None:
    accuracy = Accuracy(metric="top-1", value=0.9, low=0.8, high=0.95, n=100)
    assert "evidence" not in row(figured(accuracy=accuracy))["accuracy"]
    emulated = replace(accuracy, evidence=Evidence.EMULATED)
    assert row(figured(accuracy=emulated))["accuracy"]["evidence"] == "EMULATED"


def test_people_see_the_band_and_why_there_is_none() -> None:
    found = row(figured(PROJECTED))
    assert "75" in cells(found)
    assert "50 - 110" in cells(found)
    unknown = replace(UNKNOWN, quantity="latency", unit="ns")
    found = row(figured(unknown))
    assert notes([found])[0].startswith("no latency: no board of this core")
