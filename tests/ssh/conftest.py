"""A board, and a Python 3.10 on it that has a runtime and nothing of the harness."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.components import missing
from support.interpreters import interpreter
from support.ssh_board import Board, running_board, why_not

from tierbench.harness.ssh_connection import Connection


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """Run a second host that ``ssh`` knows as ``board``."""
    if reason := why_not():
        missing("ssh", reason)
    folder = tmp_path_factory.mktemp("board")
    with running_board(folder) as found:
        before = os.environ["PATH"]
        os.environ["PATH"] = f"{folder / 'bin'}:{before}"
        try:
            yield found
        finally:
            Connection.close_all()
            os.environ["PATH"] = before


@pytest.fixture(scope="module")
def board_python(board: Board) -> Path:
    """Return the path of a Python 3.10 with ONNX Runtime."""
    base = interpreter("3.10")
    if base is None:
        missing("ssh", "no python3.10 on PATH")
    folder = board.folder / "venv"
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python]
    for command in (
        [base, "-m", "venv", "--without-pip", folder],
        [*pip, "install", "-q", "--no-deps", "onnxruntime", "numpy"],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            missing("ssh", f"no Python for the board: {done.stderr[-200:]}")
    return python
