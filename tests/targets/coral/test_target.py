"""The target ``coral``: what it refuses before time is spent, and its readers."""

from pathlib import Path

import pytest
from support.small_tflite import write_edgetpu

from tierbench.harness.formats import inspect_model
from tierbench.harness.monitor import Monitor
from tierbench.harness.values import Scenario, Workload
from tierbench.models import defect
from tierbench.targets.coral import CUSTOM_OP, Coral

from .test_device import case_of

FLOAT = Path(defect.__file__).parent / "defect.tflite"


def refusal(path: Path, batch: int = 1, **settings) -> str:
    target = Coral(settings)
    case = case_of(path, target)
    workload = Workload(scenario=Scenario.OFFLINE, batch=batch, profile="smoke")
    return target.check(case.variant, workload) or ""


def test_the_custom_operator_does_not_choke_the_profile(tmp_path: Path) -> None:
    profile = inspect_model(write_edgetpu(tmp_path / "a_edgetpu.tflite", on_cpu=True))
    assert profile.operators == {CUSTOM_OP: 1, "CAST": 1}
    # The weights lie within the custom operator: none can be counted, not none there.
    assert (profile.macs, profile.parameters, profile.weight_bytes) == (None,) * 3
    assert (profile.weight_bits, profile.peak_activation_bytes) == (None, None)
    assert profile.activation_bits == 8


def test_operators_on_the_cpu_are_refused_before_time_is_spent(tmp_path) -> None:
    path = write_edgetpu(tmp_path / "a_edgetpu.tflite", on_cpu=True)
    assert "would run on the CPU: 1 CAST; set cpu_fallback" in refusal(path)
    assert refusal(path, cpu_fallback=True) == ""


def test_the_batch_is_the_files(tmp_path: Path) -> None:
    path = write_edgetpu(tmp_path / "a_edgetpu.tflite")
    assert refusal(path) == ""
    assert "the batch that the file has, 1, not 4" in refusal(path, 4)


def test_without_the_compiler_other_files_are_refused(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    told = refusal(FLOAT)
    assert "edgetpu_compiler is not on the PATH; it comes from Google's" in told
    assert "_edgetpu.tflite" in told


@pytest.mark.parametrize("device", ["usb0", "eth:0", "usb:", "usb:-1", "usb:0 "])
def test_a_device_that_cannot_be_is_refused(tmp_path: Path, device: str) -> None:
    path = write_edgetpu(tmp_path / "a_edgetpu.tflite")
    assert "is not usb, usb:N, pci, pci:N or :N" in refusal(path, device=device)


def test_a_chip_on_usb_tells_no_temperature() -> None:
    assert Coral({"device": "usb:0"}).readers() == ()
    (reader,) = Coral({"device": "pci:0"}).readers()
    with Monitor((reader.module,), [(reader.module, reader.options)]) as monitor:
        assert "no Edge TPU on PCIe" in monitor.missing[reader.module]


def test_without_an_interpreter_the_doctor_names_all_that_would_do(tmp_path) -> None:
    import venv

    venv.create(tmp_path / "bare", symlinks=True, with_pip=False)
    missing = Coral(python=str(tmp_path / "bare" / "bin" / "python")).unavailable()
    assert missing is not None
    for name in ("pycoral.utils.edgetpu", "tflite_runtime", "ai_edge_litert"):
        assert name in missing.reason
    assert "docs/coral.md" in missing.remedy
