"""``tierbench export``."""

import csv
import io
import json

import pytest


@pytest.fixture
def stored(call, folder):
    call("run", "small.toml")
    return folder


def test_csv_holds_one_row_a_case(call, stored) -> None:
    said = call("export")
    assert (said.status, said.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert {row["options.latency_us"] for row in rows} == {"500.0", "1000.0"}


def test_json_is_what_results_print(call, stored) -> None:
    exported = json.loads(call("export", "--format", "json").out)
    assert exported == json.loads(call("results", "--json").out)


def test_samples_hold_every_call(call, stored) -> None:
    assert call("export", "--samples", "--out", "samples.csv").out == ""
    with (stored / "samples.csv").open(newline="") as file:
        samples = list(csv.DictReader(file))
    rows = json.loads(call("results", "--json").out)
    for row in rows:
        own = [
            sample
            for sample in samples
            if sample["case_key"] == row["case_key"] and sample["phase"] == "measure"
        ]
        assert len(own) >= row["n"]
        assert len({sample["block"] for sample in own}) >= row["slices"]


def test_one_runs_cases_can_be_chosen(call, stored) -> None:
    run = json.loads(call("results", "--json").out)[0]["run"]
    assert len(call("export", "--run", run[:8]).out.splitlines()) == 3
    assert call("export", "--run", "zzz").status == 2


def test_samples_come_as_csv_alone(call, stored) -> None:
    said = call("export", "--samples", "--format", "json")
    assert said.status == 2
    assert "--samples" in said.err


@pytest.mark.parametrize("other", [["--samples"], ["--format", "json"]])
def test_outcomes_come_alone(call, stored, other) -> None:
    said = call("export", "--outcomes", *other)
    assert said.status == 2
    assert "--outcomes with" in said.err
    assert call("export", "--outcomes").out.startswith("case_key,run,model")


def test_a_file_that_cannot_be_written_is_bad_input(call, stored) -> None:
    said = call("export", "--out", "nowhere/file.csv")
    assert said.status == 2
    assert "nowhere/file.csv" in said.err
