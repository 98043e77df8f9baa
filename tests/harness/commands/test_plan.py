"""``tierbench plan``."""

import json

SIM_AND_LITERT = ('use = "sim"\nlatency_us = [500.0, 1000.0]', 'use = "host-litert"')


def test_cases_and_skips_are_listed_with_reasons(call, write_sweep) -> None:
    said = call("plan", write_sweep(*SIM_AND_LITERT))
    assert said.status == 0
    head, first, second, skipped, count = said.out.splitlines()
    assert head.split()[0] == "case"
    assert "sim[latency_us=500.0]" in first
    assert "sim[latency_us=1000.0]" in second
    assert "host-litert runs tflite files, not onnx" in skipped or "not installed" in (
        skipped
    )
    assert count == "2 to measure, 1 skipped"


def test_json_is_the_same_for_machines(call, write_sweep) -> None:
    said = call("plan", write_sweep(*SIM_AND_LITERT), "--json")
    listed = json.loads(said.out)
    assert [entry["options"].get("latency_us") for entry in listed] == [500, 1000, None]
    assert [entry["skipped"] is None for entry in listed] == [True, True, False]
    assert all(len(entry["case_key"]) == 64 for entry in listed)
    assert said.err == ""


def test_a_plan_writes_nothing(call, folder) -> None:
    before = sorted(folder.iterdir())
    assert call("plan", "small.toml").status == 0
    assert sorted(folder.iterdir()) == before


def test_the_command_line_narrows_the_sweep(call, write_sweep) -> None:
    path = write_sweep(*SIM_AND_LITERT)
    said = call("plan", path, "--target", "host-litert", "--profile", "nightly")
    assert said.out.splitlines()[-1] == "0 to measure, 1 skipped"
    (entry,) = json.loads(
        call(
            "plan", path, "--target", "host-litert", "--json", "--profile", "nightly"
        ).out
    )
    assert (entry["target"], entry["profile"]) == ("host-litert", "nightly")


def test_mistakes_are_told_on_stderr_with_their_lines(call, write_sweep) -> None:
    path = write_sweep('use = "sim"\nlatency_us = -1.0\nnoise = "loud"')
    said = call("plan", path)
    assert said.status == 2
    assert said.out == ""
    assert [line.split(",")[0] for line in said.err.splitlines()] == [
        f"tierbench: {path}: line 6",
        f"tierbench: {path}: line 7",
    ]


def test_an_unknown_profile_or_target_is_bad_input(call, folder) -> None:
    for option in (("--profile", "slow"), ("--target", "host-litert")):
        said = call("plan", "small.toml", *option)
        assert said.status == 2
        assert "known:" in said.err


def test_sustained_runs_are_announced(call, folder) -> None:
    assert "sustained load" not in call("plan", "small.toml").out
    said = call("plan", "small.toml", "--profile", "procurement")
    assert said.out.endswith(
        "then up to 4 finalists of each model and workload under sustained load, "
        "1800 s each after a rest\n"
    )
