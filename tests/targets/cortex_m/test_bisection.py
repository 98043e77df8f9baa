"""The smallest arena that works, found by children that may crash."""

import ast
import sys
from pathlib import Path

import pytest
from support.microcontroller import needs_interpreter, quantised

from tierbench.harness.conformance.identity import DEVICE_PYTHON
from tierbench.harness.errors import CaseError
from tierbench.models import defect
from tierbench.targets.cortex_m import bisection
from tierbench.targets.cortex_m.bisection import smallest_arena
from tierbench.targets.cortex_m.sizing import size_model
from tierbench.targets.ethos_u.vela import SCRIPT as SCRIPT_OF_VELA


@pytest.fixture
def model(tmp_path: Path) -> Path:
    needs_interpreter()
    return quantised(tmp_path)


@pytest.mark.parametrize("variant", ["int8", "int16x8"])
def test_it_agrees_with_the_layout_of_the_same_build(tmp_path, variant: str) -> None:
    needs_interpreter()
    model = quantised(tmp_path, variant)
    found = smallest_arena(model)
    laid_out = size_model(model).arenas["package"]
    assert found.total == found.head + found.tail
    assert found.head == laid_out.head
    assert found.total == laid_out.used
    assert 0 <= found.smallest - found.total <= 16


def test_a_model_that_is_refused_is_a_case_error(model: Path, tmp_path) -> None:
    four = quantised(tmp_path, "int4")
    with pytest.raises(CaseError, match="refuses the model"):
        smallest_arena(four)


def test_time_is_bounded(model: Path) -> None:
    with pytest.raises(CaseError, match=r"did not end in time|within"):
        smallest_arena(model, timeout_s=0.01)


def test_a_missing_python_is_a_case_error(model: Path) -> None:
    with pytest.raises(CaseError, match="cannot be started"):
        smallest_arena(model, python="/nonexistent/python")


SCRIPT = """\
import json, os, signal, sys
low, start = int(sys.argv[2]), int(sys.argv[3])
def tell(**what):
    print(json.dumps(what), flush=True)
tell(**{"try": start}); tell(works=True, size=start)
tell(reported={"total": 500, "head": 400, "tail": 100})
for size in (800, 600):
    if size <= low:
        continue
    tell(**{"try": size})
    if size < 700:
        os.kill(os.getpid(), signal.SIGSEGV)
    tell(works=True, size=size)
tell(smallest=800)
"""


def test_a_crash_counts_as_too_small_and_the_search_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe, model = tmp_path / "probe.py", tmp_path / "m.tflite"
    probe.write_text(SCRIPT)
    model.write_bytes(b"x")
    monkeypatch.setattr(bisection, "PROBE", probe)
    found = smallest_arena(model, sys.executable)
    assert (found.smallest, found.total) == (800, 500)


def test_crashes_without_end_are_a_case_error(tmp_path, monkeypatch) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text(
        "import os, sys; print('{\"try\": %d}' % (int(sys.argv[2]) + 16), flush=True); "
        "os.abort()"
    )
    monkeypatch.setattr(bisection, "PROBE", probe)
    with pytest.raises(CaseError, match="crashed in 8 sizes"):
        smallest_arena(Path(defect.__file__), sys.executable)


@pytest.mark.parametrize("script", [bisection.PROBE, SCRIPT_OF_VELA])
def test_scripts_keep_to_the_syntax_of_an_old_python(script: Path) -> None:
    ast.parse(script.read_text(), feature_version=DEVICE_PYTHON)
