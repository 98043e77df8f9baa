"""A whole case in another environment than the harness's."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

import pytest
from support.components import missing
from support.plans import write_model

from tierbench.harness.cli import main

SWEEP = """\
name = "elsewhere"
[[model]]
path = "model.onnx"
[[target]]
use = "{target}"
python = "{python}"
"""


@pytest.fixture(scope="module")
def other_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment that has the runtime and nothing of the harness."""
    folder = tmp_path_factory.mktemp("other") / "venv"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    wanted = [f"{name}=={version(name)}" for name in ("onnxruntime", "numpy")]
    install = [python, "-m", "pip", "install", "-q", *wanted]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode:
        missing("host", f"onnxruntime cannot be installed: {done.stderr[-200:]}")
    return python


def rows(folder: Path, capsys: pytest.CaptureFixture[str], text: str) -> list[dict]:
    write_model(folder)
    (folder / "sweep.toml").write_text(text)
    store = f"sqlite:///{folder / 'results.db'}"
    main(["run", str(folder / "sweep.toml"), "--store", store, "--json"])
    return json.loads(capsys.readouterr().out)


def test_a_case_runs_where_the_harness_is_not_installed(
    tmp_path: Path, other_python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import tierbench.harness"
    assert subprocess.run([other_python, "-c", code], capture_output=True).returncode
    text = SWEEP.format(target="host-onnxruntime", python=other_python)
    (row,) = rows(tmp_path, capsys, text)
    assert row["status"] in ("ok", "not_converged")
    assert row["runtime_version"] == version("onnxruntime")
    assert row["workers"] == 3


def test_an_environment_without_the_runtime_is_a_skip_with_a_remedy(
    tmp_path: Path, other_python: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SWEEP.format(target="host-litert", python=other_python)
    (row,) = rows(tmp_path, capsys, text)
    assert row["status"] == "skipped"
    assert "ai-edge-litert is not installed" in row["reason"]
    assert str(other_python) in row["reason"]
    assert "pip install" in row["reason"]


def test_this_python_is_another_environment_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SWEEP.format(target="host-onnxruntime", python=sys.executable)
    (row,) = rows(tmp_path, capsys, text)
    assert row["status"] in ("ok", "not_converged")
