"""Sessions of the kit: what it refuses at once, and what it leaves alone."""

import json
from pathlib import Path

import pytest
from support.pytest_runs import session, write_tests

from tierbench.harness.conformance.report import Outcome, Proof, read_report

KIT = "--tier-conformance"
SIM = ("--tier-target", "sim")

WRONG = {
    (KIT,): "tries one target, not 0",
    (KIT, *SIM, "--tier-target", "host-litert"): "tries one target, not 2",
    (KIT, "--tier-target", "ethos-u"): "runs nothing, its results are PROJECTED",
    (KIT, "--tier-target", "absent"): "unknown target 'absent'",
    (
        KIT,
        *SIM,
        "--tier-option",
        "speed=1",
    ): "valid is NAME=VALUE with an option of sim",
    (KIT, *SIM, "--tier-option", "seed=two"): "--tier-option seed: must be int",
    (KIT, *SIM, "--tier-option", "noise=9"): "must be at most 2",
    (KIT, *SIM, "--tier-model", "absent.onnx"): "there is no such file",
    (KIT, *SIM, "--tier-model", "pytest.ini"): "suffix '.ini'; valid: .onnx, .tflite",
    (KIT, *SIM, "--tier-reset", ""): "the command is empty",
    (KIT, *SIM, "--tier-reset", "a 'b"): "No closing quotation",
    (KIT, *SIM, "test_it.py"): "brings its own tests; leave out 'test_it.py'",
    (KIT, *SIM, "-n", "2"): "it runs in one process; leave out -n",
    ("--tier-option", "seed=1"): "--tier-option is for --tier-conformance",
    ("--tier-reset", "true"): "--tier-reset is for --tier-conformance",
    (
        *(KIT, "--tier-target", "host-litert"),
        *("--tier-python", "/nonexistent/python"),
    ): "cannot run here",
}


@pytest.mark.parametrize("options", WRONG, ids=" ".join)
def test_what_is_wrong_is_told_before_anything_runs(tmp_path, options) -> None:
    write_tests(tmp_path, "def test_it():\n    raise SystemExit('it ran')\n")
    done = session(tmp_path, *options)
    assert done.status == 4, done.out
    assert WRONG[options] in done.out
    assert "it ran" not in done.out
    assert "Traceback" not in done.out
    assert list(tmp_path.glob("*.json")) == []


def test_the_folders_own_tests_are_left_alone(tmp_path: Path) -> None:
    write_tests(tmp_path, "def test_it():\n    raise SystemExit('it ran')\n")
    done = session(tmp_path, KIT, *SIM, "--tier-option", "clock=real")
    assert done.status == 0, done.out
    assert "it ran" not in done.out
    report = read_report(tmp_path / "conformance-sim.json")
    assert report.proof is Proof.SIMULATOR
    assert report.options["clock"] == "real"
    assert report.count(Outcome.FAILED) == 0
    assert "report: conformance-sim.json" in done.out
    reasons = {c.name: c.reason for c in report.checks}
    assert "made up" in str(reasons["more_work_takes_longer"])


def test_a_target_that_fails_leaves_a_report_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    fault = ("--tier-option", "fault=raise", "--tier-option", "fault_after_calls=3")
    done = session(tmp_path, KIT, *SIM, *fault, "-k", "measures or outputs_repeat")
    assert done.status == 1, done.out
    report = read_report(tmp_path / "conformance-sim.json")
    checks = {check.name: check for check in report.checks}
    assert checks["measures"].outcome is Outcome.FAILED
    assert "refuses this call" in str(checks["measures"].reason)
    assert checks["tells_what_ran"].reason == (
        "left out, or the session was left before it"
    )


def test_collecting_writes_no_report(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = session(tmp_path, KIT, *SIM, "--collect-only", "-q")
    assert done.status == 0, done.out
    assert "test_measures" in done.out
    assert list(tmp_path.glob("*.json")) == []


def test_a_report_that_cannot_be_written_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    where = ("--tier-conformance-report", "absent/report.json")
    done = session(tmp_path, KIT, *SIM, *where, "-k", "option_names")
    assert done.status != 0
    assert "cannot be written" in done.out


def test_figures_are_json(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    session(tmp_path, KIT, *SIM, "-k", "describes or ran")
    plain = json.loads((tmp_path / "conformance-sim.json").read_text())
    figures = {check["name"]: check["figures"] for check in plain["checks"]}
    assert figures["tells_what_ran"]["provider"] == "simulation"
    assert len(figures["describes_the_same_environment_twice"]["identity_sha256"]) == 64


@pytest.mark.parametrize(
    ("power_w", "idle_w", "passes"),
    [(5.0, 2.0, True), (2.0, 5.0, False)],
)
def test_a_meter_sees_the_load_or_fails(tmp_path, power_w, idle_w, passes) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    powers = {"power_w": power_w, "idle_w": idle_w}
    options = [f"--tier-option={name}={value}" for name, value in powers.items()]
    session(tmp_path, KIT, *SIM, *options, "-k", "meters")
    report = read_report(tmp_path / "conformance-sim.json")
    (check,) = (c for c in report.checks if c.name == "meters_see_the_load")
    assert check.outcome is (Outcome.PASSED if passes else Outcome.FAILED), check
    seen = check.figures["sim device"]
    assert seen["mean_w"] == pytest.approx(power_w, rel=0.02)
    assert seen["idle_w"] == pytest.approx(idle_w, rel=0.02)
    assert passes or "W at rest" in str(check.reason)
