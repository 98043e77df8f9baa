"""``tierbench results``."""

import json

from tierbench.harness.results import COLUMNS


def test_the_latest_of_each_case_is_shown(call, folder) -> None:
    call("run", "small.toml")
    call("run", "small.toml", "--fresh")
    said = call("results")
    assert (said.status, said.err) == (0, "")
    head, *lines = said.out.splitlines()
    assert all(column in head for column in COLUMNS)
    assert len(lines) == 3
    assert lines[2].startswith("no accuracy: no evaluation data was given (")
    assert all("ok (SIMULATED)" in line for line in lines[:2])
    assert "sim[latency_us=500.0]" in said.out


def test_json_holds_the_rows(call, folder) -> None:
    call("run", "small.toml")
    found = json.loads(call("results", "--json").out)
    assert {row["status"] for row in found} == {"ok"}
    run = found[0]["run"]
    same = json.loads(call("results", "--json", "--run", run[:10]).out)
    assert same == found


def test_what_is_not_there_is_said(call, folder) -> None:
    said = call("results")
    assert said.status == 3
    assert "results/tierbench.db" in said.err
    assert not (folder / "results").exists()
    call("run", "small.toml")
    said = call("results", "--run", "zzz")
    assert said.status == 2
    assert "no run 'zzz'" in said.err
