"""Every shipped target keeps the contract, as a plug-in's own suite would show."""

from pathlib import Path

import pytest
from support.components import missing
from support.real_sim import RealSim

from tierbench.harness.conformance.request import own_models
from tierbench.models import defect
from tierbench.targets.contract import TargetContract
from tierbench.targets.cortex_m import CortexM
from tierbench.targets.host_litert import HostLitert
from tierbench.targets.host_onnxruntime import HostOnnxruntime
from tierbench.targets.qualcomm import QualcommSimulator
from tierbench.targets.sim import Sim

FILES = Path(defect.__file__).parent
TESTS = Path(__file__).parents[1]


class Installed(TargetContract):
    """The contract, where a runtime that is required must not be missing."""

    @pytest.fixture(autouse=True)
    def _runtime(self) -> None:
        if found := self.target().unavailable():
            missing("host", f"{found.reason}; {found.remedy}")


class TestHostOnnxruntime(Installed):
    target = HostOnnxruntime
    model = FILES / "defect.onnx"


class TestHostLitert(Installed):
    target = HostLitert
    model = FILES / "defect.tflite"


class TestCortexM(Installed):
    target = CortexM

    @pytest.fixture(autouse=True)
    def _quantised(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the int8 variant: a float one is refused."""
        (model, *_) = own_models(CortexM())
        monkeypatch.setattr(type(self), "model", model, raising=False)


class TestQualcommSimulator(TargetContract):
    target = QualcommSimulator
    model = FILES / "defect.onnx"

    @pytest.fixture(autouse=True)
    def _runtime(self) -> None:
        if found := self.target().unavailable():
            missing("qnn", f"{found.reason}; {found.remedy}")


class TestSim(Installed):
    target = Sim
    model = FILES / "defect.onnx"


class TestRealSim(Installed):
    target = RealSim
    model = FILES / "defect.onnx"

    @pytest.fixture(autouse=True)
    def _importable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let a process of its own import the target, like an installed plug-in."""
        monkeypatch.setenv("PYTHONPATH", str(TESTS))
