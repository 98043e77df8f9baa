"""The gate of a session as a whole: does it stay silent, and does it find 5 %?

Each decision is about two artifacts on one troubled device, under the nightly profile:
slices apart by 3 %, workers by 0.5 %, calls by 2 %, one call in fifty three times as
long, and a random walk of 5 %. The baseline is measured by one session, the candidate
by the next, as on a build server.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.gated import declaration, outcome, slower_artifacts
from support.plans import write_model

from tierbench.harness.declaration import Declaration
from tierbench.harness.hashing import files_sha256
from tierbench.targets.sim import Sim

pytestmark = pytest.mark.simulation

DECISIONS = 120
PER_SESSION = 15
TROUBLED = {
    "use": "sim",
    "latency_us": 2500.0,
    "noise": 0.02,
    "slice_noise": 0.03,
    "worker_noise": 0.005,
    "spike_share": 0.02,
    "spike_factor": 3.0,
    "drift": "walk",
    "drift_size": 0.05,
}


def devices(session: int) -> list[dict[str, Any]]:
    """Return a session's devices, each with a walk of its own."""
    chance = random.Random(session)
    return [
        {
            **TROUBLED,
            "device": f"{session}/{number}",
            "seed": session * PER_SESSION + number,
            "drift_period_s": chance.uniform(5.0, 60.0),
        }
        for number in range(PER_SESSION)
    ]


@pytest.fixture(scope="module")
def baselines(
    tmp_path_factory: pytest.TempPathFactory,
) -> list[tuple[Path, Declaration, str]]:
    """Measure every session's baseline; return folder, declaration and run."""
    found = []
    for session in range(DECISIONS // PER_SESSION):
        folder = tmp_path_factory.mktemp("gate")
        write_model(folder)
        declared = declaration(folder, target=devices(session), profile="nightly")
        found.append((folder, declared, outcome(folder, declared)["run"]))
    return found


def failed(
    baselines: list[tuple[Path, Declaration, str]], *, paired: bool = True
) -> float:
    """Return the share of cases whose gate fails once their artifact is replaced."""
    cases: list[dict[str, Any]] = []
    for folder, declared, run in baselines:
        write_model(folder, constant=2.0)
        (found,) = outcome(folder, declared, baseline=run)["cases"].values()
        cases += found.values()
    assert len(cases) == DECISIONS
    assert {case["gate"]["paired"] for case in cases} == {paired}
    n = sum(bool(case["failures"]) for case in cases)
    print(f"\n{n} of {DECISIONS} decisions fail")
    return n / DECISIONS


def test_equal_artifacts_fail_in_fewer_than_1_in_100_decisions(baselines) -> None:
    assert failed(baselines) < 0.01


def test_so_they_do_after_a_change_of_the_runtime(
    baselines, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = Sim.describe
    monkeypatch.setattr(
        Sim, "describe", lambda self: replace(describe(self), runtime_version="2")
    )

    assert failed(baselines, paired=False) < 0.01


def test_a_slow_down_of_5_percent_fails_in_95_of_100(
    baselines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = files_sha256([write_model(tmp_path, constant=2.0)])
    slower_artifacts(monkeypatch)[slow] = 1.05

    assert failed(baselines) >= 0.95
