"""One process at a time makes a file."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from tierbench.harness.errors import InfrastructureError
from tierbench.harness.lock import locked

FORK = multiprocessing.get_context("fork")


def append(path: Path) -> None:
    for _ in range(20):
        with locked(path):
            count = int(path.read_text() or "0")
            time.sleep(0.001)
            path.write_text(str(count + 1))


def test_what_two_would_do_at_once_is_done_in_turn(tmp_path) -> None:
    path = tmp_path / "counter"
    path.write_text("")
    processes = [FORK.Process(target=append, args=(path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert path.read_text() == "60"
    assert [file.name for file in tmp_path.iterdir()] == ["counter"]


def hold(path: Path) -> None:
    with locked(path):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_was_killed_holds_nothing(tmp_path) -> None:
    process = FORK.Process(target=hold, args=(tmp_path / "file",))
    process.start()
    process.join(30)
    assert (tmp_path / ".file.lock").exists()
    with locked(tmp_path / "file"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_told(tmp_path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(InfrastructureError, match="cannot be written"),
        locked(tmp_path / "file" / "x"),
    ):
        pass
