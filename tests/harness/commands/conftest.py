"""How a test runs one command and what it sees of it."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from support.plans import write_model

from tierbench.harness.cli import main

SWEEP = """\
name = "small"
[[model]]
path = "model.onnx"
[[target]]
use = "sim"
latency_us = [500.0, 1000.0]
"""


class Said(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


Call = Callable[..., Said]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that runs one command in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        said = Said(status, *capsys.readouterr())
        assert "Traceback" not in said.err
        return said

    return run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the current folder, with a small model and its sweep in it."""
    monkeypatch.chdir(tmp_path)
    write_model(tmp_path)
    (tmp_path / "small.toml").write_text(SWEEP)
    return tmp_path


@pytest.fixture
def write_sweep(folder):
    """Return a function that writes a sweep of these target tables."""

    def write(*targets: str, rest: str = ""):
        text = 'name = "small"\n[[model]]\npath = "model.onnx"\n'
        text += "".join(f"[[target]]\n{table}\n" for table in targets)
        path = folder / "small.toml"
        path.write_text(text + rest)
        return path

    return write
