"""``edgetpu_compiler``: run within bounds, its summary read, its leavings refused."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from support.small_tflite import write_edgetpu

from tierbench.harness.errors import CaseError
from tierbench.harness.evidence import Evidence
from tierbench.targets.coral import Coral, compiler

from .conftest import SUPPORT
from .test_device import LIMITS, X, case_of

LEFT = [["SOFTMAX", 1, "Operation is otherwise supported, but not mapped"]]
MAPPED = [["CONV_2D", 20], ["ADD", 10], ["RESHAPE", 1]]


class Compiler:
    """A compiler on the PATH, and what it makes of any model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = write_edgetpu(folder / "net.tflite", compiled=False)
        program = folder / "bin" / "edgetpu_compiler"
        program.parent.mkdir()
        text = (SUPPORT / "edgetpu_compiler").read_text()
        program.write_text(f"#!{sys.executable}\n{text}")
        program.chmod(0o755)
        self.program = program
        self.told = {
            "tpu": MAPPED,
            "cpu": [],
            "on_chip": "4.49MiB",
            "streamed": "0.00B",
            "fail": None,
        }
        self.set()

    def set(self, **more) -> None:
        self.told |= more
        compiled = self.folder / "compiled.tflite"
        write_edgetpu(compiled, on_cpu=bool(self.told["cpu"]))
        told = {**self.told, "compiled": str(compiled)}
        (self.folder / "told.json").write_text(json.dumps(told))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    found = Compiler(tmp_path)
    monkeypatch.setenv("PATH", f"{found.program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_COMPILER", str(tmp_path / "told.json"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return found


def ran_of(target: Coral, source: Path) -> tuple[dict, tuple]:
    """Compile, open and call a model; return what ran, and the figures."""
    case = case_of(source, target)
    assert target.check(case.variant, case.workload) is None
    artifact = target.ready(case, LIMITS)
    with target.launch(case, artifact, LIMITS) as worker:
        worker.open()
        ran = worker.bind({"x": X}).ran
        (y,) = worker.evaluate({"x": X})
    np.testing.assert_array_equal(y, 255 - X)
    return dict(ran), target.figures(case, artifact, ran)


def test_what_it_compiles_runs(tpu: Path, installed: Compiler) -> None:
    ran, figures = ran_of(Coral(), installed.source)
    assert ran["accelerated_share"] == 1.0
    assert ran["streamed_bytes"] == 0
    values = {figure.quantity: figure.value for figure in figures}
    assert values == {
        "tpu_operators": 31,
        "cpu_operators": 0,
        "on_chip_weights": round(4.49 * 2**20),
        "streamed_weights": 0,
    }
    assert {figure.evidence for figure in figures} == {Evidence.PROJECTED}
    assert figures[0].basis["by"] == "edgetpu_compiler 16.0.384591198"


def test_the_share_is_known_of_what_was_compiled_here(
    tpu: Path, installed: Compiler
) -> None:
    installed.set(cpu=[["CAST", 1, "Operation not supported"]], streamed="1.22MiB")
    case = case_of(installed.source, Coral())
    with pytest.raises(CaseError, match="would run on the CPU: 1 CAST; set cpu_fallb"):
        Coral().prepare(case.variant)
    target = Coral({"cpu_fallback": True})
    artifact = target.prepare(case.variant)
    with target.launch(case, artifact, LIMITS) as worker:
        worker.open()
        ran = worker.bind({"x": X}).ran
    assert ran["accelerated_share"] == 31 / 32
    assert ran["streamed_bytes"] == round(1.22 * 2**20)
    assert "come over the bus at each call" in ran["warning"]


def test_a_compiled_file_is_taken_as_it_is(installed: Compiler, tmp_path) -> None:
    installed.program.unlink()
    path = write_edgetpu(tmp_path / "own_edgetpu.tflite")
    case = case_of(path, Coral())
    assert Coral().check(case.variant, case.workload) is None
    assert Coral().prepare(case.variant) == path
    assert Coral().figures(case, path, {}) == ()


def test_it_is_kept_by_content(installed: Compiler) -> None:
    first = Coral().prepare(case_of(installed.source, Coral()).variant)
    installed.set(fail="Model not quantized")
    case = case_of(installed.source, Coral())
    assert Coral().prepare(case.variant) == first
    write_edgetpu(installed.source, on_cpu=True, graphs=3)
    other = case_of(installed.source, Coral({"cpu_fallback": True}))
    with pytest.raises(CaseError, match=r"refuses the model: .* Model not quantized"):
        compiler.compile_model(other.variant.path)


def test_one_that_hangs_is_ended(installed: Compiler, monkeypatch) -> None:
    installed.set(fail="hang")
    monkeypatch.setattr(compiler, "TIMEOUT_S", -59)
    with pytest.raises(CaseError, match="did not end within 1 s"):
        compiler.compile_model(installed.source)


def test_one_that_maps_nothing_is_refused(installed: Compiler) -> None:
    installed.set(tpu=[], cpu=LEFT)
    with pytest.raises(CaseError, match="maps no operator to the Edge TPU"):
        compiler.compile_model(installed.source)


@pytest.mark.parametrize(
    "printed",
    ["", "Edge TPU Compiler version 16.0.384591198\nTotal number of operations: 3\n"],
)
def test_a_summary_that_lacks_something_is_refused(printed: str) -> None:
    with pytest.raises(CaseError, match="printed no summary that can be read"):
        compiler.read_summary(printed)


def test_counts_that_disagree_are_refused() -> None:
    printed = (
        "Edge TPU Compiler version 15.0.340273435\n"
        "On-chip memory used for caching model parameters: 1.92MiB\n"
        "Off-chip memory used for streaming uncached model parameters: 3.23MiB\n"
        "Total number of operations: 136\n"
        "Number of operations that will run on CPU: 2\n\n"
        "RESHAPE                        15         Mapped to Edge TPU\n"
        "CUSTOM                         1          Operation not supported\n"
    )
    with pytest.raises(CaseError, match="2 operators on the CPU and lists 1"):
        compiler.read_summary(printed)
    told = compiler.read_summary(printed.replace("CPU: 2", "CPU: 1"))
    assert (told.tpu_operators, told.left) == (135, {"CUSTOM": 1})
    assert told.streamed_bytes == round(3.23 * 2**20)
