"""Measure what made-up tests declare, as a session of pytest does."""

from pathlib import Path
from typing import Any

import pytest

from tierbench.harness.declaration import Declaration
from tierbench.harness.gate import measure
from tierbench.harness.progress import Silence
from tierbench.targets.sim import Sim

STORE = "results.db"


def declaration(folder: Path, source: str = "test_it", **arguments: Any) -> Declaration:
    """Return what a test declares of ``model.onnx`` on the simulated device."""
    arguments = {"path": "model.onnx", "target": "sim", **arguments}
    return Declaration(source=source, folder=str(folder), arguments=arguments)


def outcome(
    folder: Path, *declared: Declaration, baseline: str | None = None, **options: Any
) -> dict[str, Any]:
    """Measure declarations, one on the simulated device if none is given."""
    return measure(
        declared or (declaration(folder),),
        store_url=f"sqlite:///{folder / STORE}",
        baseline=baseline,
        progress=Silence(),
        **options,
    )


def only_case(told: dict[str, Any]) -> dict[str, Any]:
    """Return the one case of an outcome."""
    ((case,),) = [list(cases.values()) for cases in told["cases"].values()]
    found: dict[str, Any] = case
    return found


def slower_artifacts(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Let an artifact be slower on the simulated device, which computes nothing.

    Returns:
        A dictionary to be filled: the factor by the artifact's sha256.
    """
    factors: dict[str, float] = {}
    launch = Sim.launch

    def slower(self, case, artifact, limits):
        before = self.settings["latency_us"]
        self.settings["latency_us"] = before * factors.get(case.variant.sha256, 1.0)
        try:
            return launch(self, case, artifact, limits)
        finally:
            self.settings["latency_us"] = before

    monkeypatch.setattr(Sim, "launch", slower)
    return factors
