"""A worker whose host is gone ends, in whatever call it hangs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tierbench.harness.device.wire import read_frame, write_frame
from tierbench.harness.pack import pack


@pytest.fixture
def lifeline(tmp_path: Path) -> Path:
    path = tmp_path / "lifeline"
    os.mkfifo(path)
    return path


def worker(lifeline: Path) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, str(pack(())), "0", str(lifeline)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert read_frame(child.stdout) is not None
    return child


def hang(child: subprocess.Popen[bytes]) -> None:
    write_frame(child.stdin, {"op": "rest", "duration_ns": 3_600_000_000_000})


@pytest.mark.parametrize("hangs", [False, True])
def test_it_ends_when_its_lifeline_is_let_go(lifeline: Path, hangs: bool) -> None:
    held = os.open(lifeline, os.O_RDWR)
    with worker(lifeline) as child:
        if hangs:
            hang(child)
        os.close(held)
        assert child.wait(timeout=10) == -signal.SIGKILL


def test_it_ends_when_its_input_closes_though_it_hangs(lifeline: Path) -> None:
    held = os.open(lifeline, os.O_RDWR)
    with worker(lifeline) as child:
        hang(child)
        child.stdin.close()
        assert child.wait(timeout=10) == -signal.SIGKILL
    os.close(held)


def test_it_ends_by_itself_when_its_input_closes(lifeline: Path) -> None:
    held = os.open(lifeline, os.O_RDWR)
    with worker(lifeline) as child:
        child.stdin.close()
        assert child.wait(timeout=10) == 0
    os.close(held)


def test_a_lifeline_that_was_let_go_before_is_noticed(lifeline: Path) -> None:
    """A pipe that nobody has opened yet shows no end; one without a file does."""
    lifeline.unlink()
    child = subprocess.run(
        [sys.executable, str(pack(())), "0", str(lifeline)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert child.returncode == 1
    assert b"FileNotFoundError" in child.stderr
