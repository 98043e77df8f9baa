"""``tierbench mlperf``."""

import json
from importlib.util import find_spec

from support.components import missing

REAL = 'use = "sim"\nclock = "real"\nlatency_us = 300.0'


def test_a_case_that_was_not_measured_says_what_to_do(call, write_sweep) -> None:
    sweep = write_sweep('use = "sim"')
    said = call("mlperf", sweep)
    assert said.status == 3
    call("run", sweep, "--store", "sqlite:///other.db")
    write_sweep('use = "sim"\nlatency_us = 77.0')
    said = call("mlperf", sweep, "--store", "sqlite:///other.db")
    assert said.status == 1
    assert "tierbench run" in said.out


def test_a_target_that_runs_no_loadgen_says_so(call, write_sweep) -> None:
    sweep = write_sweep('use = "sim"')
    call("run", sweep)
    said = call("mlperf", sweep, "--json")
    assert said.status == 1
    (told,) = json.loads(said.out)["not_run"]
    assert "do not run LoadGen" in told["reason"]


def test_loadgens_verdict_stands_beside_our_number(call, write_sweep, folder) -> None:
    if find_spec("mlperf_loadgen") is None:
        missing("mlperf", "LoadGen is not installed; pip install 'tierbench[mlperf]'")
    sweep = write_sweep(REAL)
    assert call("run", sweep).status == 0
    said = call("mlperf", sweep, "--seconds", "1", "--out", "logs", "--json")
    found = json.loads(said.out)
    assert found["not_run"] == []
    (run,) = found["runs"]
    assert run["quantity"] == "p90 ms"
    assert run["loadgen"] >= 0.25
    assert run["tierbench"] >= 0.25
    assert run["queries"] >= 64
    assert said.status == (0 if run["valid"] else 1)
    logs = folder / "logs" / run["case_key"][:12]
    assert (logs / "mlperf_log_detail.txt").stat().st_size > 1000
    shown = call("mlperf", sweep, "--seconds", "0.5", "--out", "logs")
    assert "VALID" in shown.out
