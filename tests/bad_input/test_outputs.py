"""Files that cannot be written: a reason, a remedy, and what was there before stays."""

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.complaints import Done, check, check_inert, tree

OUTS = {
    "a folder that is absent": ("absent/out", "No such file"),
    "a file as a folder": ("model.onnx/out", "Not a directory"),
    "a long name": ("x" * 300, "name too long"),
    "a folder": ("journal", "irectory"),
}


@pytest.mark.parametrize("kind", sorted(OUTS))
@pytest.mark.parametrize("command", ["report", "export"])
def test_what_cannot_be_written_to(
    folder: Path, cli: Callable[..., Done], command: str, kind: str
) -> None:
    name, words = OUTS[kind]
    before = tree(folder)
    url = f"sqlite:///{folder}/results.db"
    done = cli(command, "--store", url, "--out", folder / name)
    check(done, 2, name, words, "--out", lines=1)
    assert tree(folder) == before


@pytest.mark.parametrize("command", ["report", "export"])
def test_a_full_disk_keeps_what_was_written_before(
    small_disk: Path, folder: Path, cli: Callable[..., Done], command: str
) -> None:
    out = small_disk / "out"
    out.write_text("before")
    free = os.statvfs(small_disk)
    (small_disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_frsize))
    url = f"sqlite:///{folder}/results.db"
    done = cli(command, "--store", url, "--out", out)
    check(done, 2, str(out), "No space left", lines=1)
    assert out.read_text() == "before"
    assert tree(small_disk) == {"out", "ballast"}


def test_an_export_that_fails_half_way_keeps_the_last(
    folder: Path, cli: Callable[..., Done]
) -> None:
    url, out = f"sqlite:///{folder}/results.db", folder / "out.csv"
    out.write_text("before")
    with closing(sqlite3.connect(folder / "results.db")) as connection, connection:
        connection.execute("UPDATE samples SET data = x'00'")
    done = cli("export", "--samples", "--store", url, "--out", out)
    check(done, 3, "is damaged", lines=1)
    assert out.read_text() == "before"


@pytest.mark.parametrize("command", ["report", "export"])
def test_a_device_or_a_pipe_is_written_to_and_stays(
    folder: Path, cli: Callable[..., Done], command: str
) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    url = f"sqlite:///{folder}/results.db"
    assert cli(command, "--store", url, "--out", pipe).status == 0
    assert reader.communicate()[0]
    assert pipe.is_fifo()


def test_a_demo_where_nothing_can_be_written(
    folder: Path, cli: Callable[..., Done]
) -> None:
    done = cli("demo", "--out", folder / "model.onnx" / "demo")
    check(done, 2, "model.onnx/demo", "name another folder", lines=1)
    done = cli("demo", "--out", folder / "model.onnx")
    check(done, 2, "model.onnx", lines=1)
    check_inert(done)
