"""The device half in its worker: LiteRT itself, over a delegate compiled from C."""

import json
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from support.hefs import python_with
from support.small_tflite import write_edgetpu

from tierbench.harness.errors import CaseError
from tierbench.harness.formats import inspect_model
from tierbench.harness.hashing import file_sha256
from tierbench.harness.values import BlockKind, Case, Scenario, Variant, Workload
from tierbench.harness.worker import Limits, Stretch
from tierbench.targets.coral import Coral

from .conftest import SUPPORT

LIMITS = Limits(open_s=30.0, call_s=30.0)
SLICE = Stretch(
    kind=BlockKind.SLICE, calls_min=20, calls_max=50, duration_ns=10_000_000
)
LISTED = json.loads((SUPPORT / "libedgetpu.json").read_text())
DEVICE_HALF = find_spec("tierbench.targets.coral.device")


def case_of(path: Path, target: Coral, batch: int = 1) -> Case:
    profile = inspect_model(path)
    variant = Variant(
        model="net",
        name="as is",
        format=profile.format,
        size_bytes=path.stat().st_size,
        sha256=file_sha256(path),
        profile=profile,
        weight_bits=None,
        activation_bits=None,
        path=path,
    )
    workload = Workload(
        scenario=Scenario.SINGLE_STREAM, batch=batch, profile="smoke", seed=0
    )
    return Case(
        variant=variant, target="coral", options=target.settings, workload=workload
    )


@pytest.fixture
def opened(tmp_path: Path):
    """Return a way to start a worker of a model, which is closed at the end."""
    workers = []

    def start(target: Coral, path: Path):
        workers.append(target.launch(case_of(path, target), path, LIMITS))
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()


X = np.array([[0, 1, 100, 255]], np.uint8)


def test_the_chip_computes_what_was_compiled_for_it(tpu, opened, tmp_path) -> None:
    worker = opened(Coral(), write_edgetpu(tmp_path / "net_edgetpu.tflite"))
    (spec,) = worker.open().inputs
    assert (spec.name, spec.dtype, spec.shape) == ("x", "uint8", (1, 4))
    assert (spec.scale, spec.zero_point) == (0.5, 10)
    ran = worker.bind({"x": X}).ran
    (y,) = worker.evaluate({"x": X})
    np.testing.assert_array_equal(y, 255 - X)
    assert ran["provider"] == "Edge TPU"
    assert ran["precision"] == "int8"
    assert ran["accelerated_share"] == 1.0
    assert (ran["tpu_graphs"], ran["cpu_operators"]) == (1, {})
    assert ran["libedgetpu"] == "BuildLabel(fake), RuntimeVersion(14)"
    assert ran["interpreter"].startswith("ai-edge-litert 2.")
    assert "warning" not in ran
    assert len(worker.block(SLICE).latency_ns) >= 20


def test_operators_on_the_cpu_are_refused(tpu, opened, tmp_path) -> None:
    path = write_edgetpu(tmp_path / "net_edgetpu.tflite", on_cpu=True)
    worker = opened(Coral(), path)
    refusal = "operators run on the CPU: 1 CAST; set cpu_fallback = true"
    with pytest.raises(CaseError, match=refusal):
        worker.open()


def test_they_run_where_they_are_asked_for(tpu, opened, tmp_path) -> None:
    path = write_edgetpu(tmp_path / "net_edgetpu.tflite", on_cpu=True, graphs=2)
    worker = opened(Coral({"cpu_fallback": True}), path)
    worker.open()
    ran = worker.bind({"x": X}).ran
    (z,) = worker.evaluate({"x": X})
    np.testing.assert_array_equal(z, X.astype(np.float32))  # twice 255 - x
    assert z.dtype == np.float32
    assert (ran["tpu_graphs"], ran["cpu_operators"]) == (2, {"CAST": 1})
    assert ran["accelerated_share"] is None
    assert "does not tell how many" in ran["accelerated_share_reason"]


def test_a_model_that_was_not_compiled_is_refused(tpu, opened, tmp_path) -> None:
    path = write_edgetpu(tmp_path / "net.tflite", compiled=False)
    with pytest.raises(CaseError, match="no operator is compiled for the Edge TPU"):
        opened(Coral({"cpu_fallback": True}), path).open()


def test_weights_beyond_the_chips_memory_are_a_warning(tpu, opened, tmp_path) -> None:
    path = write_edgetpu(tmp_path / "net_edgetpu.tflite")
    with path.open("ab") as file:
        file.truncate(9 << 20)
    worker = opened(Coral(), path)
    worker.open()
    ran = worker.bind({"x": X}).ran
    assert ran["streamed_bytes"] is None
    assert "9437184 bytes, more than the chip's 8388608" in ran["warning"]


def test_all_that_ran_is_documented(tpu, opened, tmp_path) -> None:
    path = write_edgetpu(tmp_path / "net_edgetpu.tflite", on_cpu=True)
    with path.open("ab") as file:
        file.truncate(9 << 20)
    worker = opened(Coral({"cpu_fallback": True}), path)
    worker.open()
    text = (Path(__file__).parents[3] / "docs" / "coral.md").read_text()
    table = text.partition("## What `ran` tells")[2].partition("\n## ")[0]
    for key in set(worker.bind({"x": X}).ran) - {"call"}:
        assert f"`{key}`" in table, key


@pytest.mark.parametrize(
    ("device", "there", "found"),
    [
        ("", "usb", True),
        ("usb", "pci,usb", True),
        ("usb:1", "usb,pci,usb", True),
        ("pci:0", "usb,pci", True),
        (":1", "usb,pci", True),
        ("usb:1", "usb,pci", False),
        ("pci", "usb", False),
        (":2", "usb,pci", False),
        ("", "", False),
    ],
)
def test_the_device_that_is_asked_for(
    tpu, opened, tmp_path, monkeypatch, device: str, there: str, found: bool
) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", there)
    target = Coral({"device": device}, python_with(tmp_path / "venv"))
    worker = opened(target, write_edgetpu(tmp_path / "net_edgetpu.tflite"))
    if found:
        assert worker.open().inputs
        assert target.unavailable() is None
        return
    with pytest.raises(CaseError, match=f"there is no Edge TPU {device or 'at all'}"):
        worker.open()
    missing = target.unavailable()
    assert missing is not None
    assert f"there is no Edge TPU {device or 'at all'} (found: " in missing.reason


def test_it_is_identified(tpu, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FAKE_EDGETPU", "usb,pci")
    target = Coral({"device": "pci"}, python_with(tmp_path / "venv"))
    told = target.describe()
    assert told.device == "Edge TPU on PCI"
    assert told.runtime_version == "BuildLabel(fake), RuntimeVersion(14)"
    assert told.identity["interpreter"].startswith("ai-edge-litert 2.")
    assert told.identity["driver"] is None  # no kernel driver here
    usb = Coral({"device": "usb"}, target.python).describe()
    assert usb.identity["driver"] == "BuildLabel(fake), RuntimeVersion(14)"


def test_without_the_library_it_says_from_whom(opened, tmp_path) -> None:
    target = Coral(python=python_with(tmp_path / "venv"))
    missing = target.unavailable()
    assert missing is not None
    assert "libedgetpu.so.1 cannot be used" in missing.reason
    assert "install libedgetpu1-std" in missing.reason
    worker = opened(target, write_edgetpu(tmp_path / "net_edgetpu.tflite"))
    with pytest.raises(CaseError, match=r"libedgetpu\.so\.1 cannot be used"):
        worker.open()


def test_a_call_that_fails_is_the_cases(tpu, opened, tmp_path) -> None:
    worker = opened(Coral(), write_edgetpu(tmp_path / "net_edgetpu.tflite"))
    worker.open()
    with pytest.raises(CaseError, match="the Edge TPU does not run the model: "):
        worker.bind({"x": np.full((1, 4), 0x4D, np.uint8)})


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, "input 'x' was not given"),
        ({"x": np.zeros((1, 5), np.uint8)}, "input 'x': .*[Dd]imension"),
        ({"x": np.zeros((1, 4), np.float32)}, "input 'x': .*type"),
    ],
)
def test_wrong_inputs_are_refused(tpu, opened, tmp_path, given, problem: str) -> None:
    worker = opened(Coral(), write_edgetpu(tmp_path / "net_edgetpu.tflite"))
    worker.open()
    with pytest.raises(CaseError, match=problem):
        worker.bind(given)


TFLITE = "from ai_edge_litert.interpreter import Interpreter, load_delegate\n"
PYCORAL = """
import tflite_runtime.interpreter as tflite

def load_edgetpu_delegate(options=None):
    print("through pycoral")
    return tflite.load_delegate("libedgetpu.so.1", options or {})
"""


def write_package(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "name"),
    [
        (
            {
                "pycoral/__init__.py": "",
                "pycoral/utils/__init__.py": "",
                "pycoral/utils/edgetpu.py": PYCORAL,
                "tflite_runtime/__init__.py": "",
                "tflite_runtime/interpreter.py": TFLITE,
            },
            "pycoral, tflite_runtime",
        ),
        (
            {
                "tflite_runtime/__init__.py": "",
                "tflite_runtime/interpreter.py": TFLITE,
            },
            "tflite_runtime",
        ),
        # The package index's pycoral, a tool that has nothing to do with Coral.
        ({"pycoral/__init__.py": "def main(): pass\n"}, "ai-edge-litert"),
    ],
)
def test_it_takes_the_interpreter_that_there_is(
    tpu, opened, tmp_path, files: dict[str, str], name: str
) -> None:
    python = python_with(tmp_path / "venv", write_package(tmp_path / "more", files))
    worker = opened(
        Coral(python=python), write_edgetpu(tmp_path / "net_edgetpu.tflite")
    )
    worker.open()
    assert worker.bind({"x": X}).ran["interpreter"].startswith(name)
    (y,) = worker.evaluate({"x": X})
    np.testing.assert_array_equal(y, 255 - X)


def test_the_library_has_what_the_list_says_and_no_more(library: Path) -> None:
    said = subprocess.run(
        ["nm", "-D", "--defined-only", library / "libedgetpu.so.1"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    exported = set(re.findall(r" T (\w+)$", said, re.MULTILINE))
    assert exported <= set(LISTED["functions"])
    assert exported >= {"tflite_plugin_create_delegate", "edgetpu_version"}


def test_the_device_half_calls_nothing_that_the_library_lacks() -> None:
    source = Path(DEVICE_HALF.origin).read_text()
    called = set(re.findall(r"library\.(\w+)", source))
    assert called <= set(LISTED["functions"])
    assert len(called) == 3
    assert LISTED["custom_op"] in source
    assert "edgetpu.load_edgetpu_delegate" in source
