"""``tierbench compare``: a gate."""

import json

import pytest


def runs(call) -> list[str]:
    rows = json.loads(call("export", "--format", "json").out)
    return sorted({row["run"] for row in rows})


@pytest.fixture
def two_runs(call, write_sweep):
    """Return the ids of two runs whose case differs by a hidden factor."""

    def make(factor: float) -> tuple[str, str]:
        found = []
        for throttle in (1.0, factor):
            path = write_sweep(
                f'use = "sim"\nlatency_us = 500.0\nruntime_version = "{throttle}"\n'
            )
            said = call("run", path, "--json")
            found.append(json.loads(said.out)[0]["run"])
        return found[0], found[1]

    return make


def test_a_run_is_the_same_as_itself(call, folder) -> None:
    call("run", "small.toml")
    (run,) = runs(call)
    said = call("compare", run, run, "--json")
    assert said.status == 0
    lines = json.loads(said.out)
    assert {line["verdict"] for line in lines} == {"same"}


def test_a_slower_case_of_the_same_run_is_a_regression(call, folder) -> None:
    rows = json.loads(call("run", "small.toml", "--json").out)
    fast, slow = sorted(rows, key=lambda row: row["options"]["latency_us"])
    names = [f"{row['run'][:8]}:{row['case_key'][:12]}" for row in (fast, slow)]
    said = call("compare", *names)
    assert said.status == 1
    assert "slower" in said.out
    assert "paired" in said.out
    assert call("compare", *reversed(names)).status == 0
    (line,) = json.loads(call("compare", *names, "--json").out)
    assert line["paired"] is True
    assert line["ratio"] == pytest.approx(2.0, rel=0.1)


def test_runs_without_a_common_case_are_bad_input(call, two_runs) -> None:
    said = call("compare", *two_runs(2.0))
    assert said.status == 2
    assert "not comparable" in said.err
    assert said.out == ""


def test_an_unknown_run_is_bad_input(call, folder) -> None:
    call("run", "small.toml")
    said = call("compare", "aaaa", "zzzz")
    assert said.status == 2
    assert "no run" in said.err
