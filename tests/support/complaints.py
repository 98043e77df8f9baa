"""What every complaint of the command line must keep, and stores to complain about."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

PREFIX = "tierbench: "

SIM = """\
name = "kept"
[[model]]
path = "model.onnx"
[[target]]
use = "sim"
device = "board 1"
latency_us = [500.0, 800.0]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def complaints(self) -> list[str]:
        """Return the lines that complain."""
        return [line for line in self.err.split("\n") if line.startswith(PREFIX)]


def check(done: Done, status: int, *words: str, lines: int | None = None) -> None:
    """Check that a command complained well: in lines of its own, with these words."""
    assert done.status == status, done.err
    assert done.complaints, done.err
    assert done.err.endswith(done.complaints[-1] + "\n")
    assert done.err.endswith("".join(f"{line}\n" for line in done.complaints))
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    for word in words:
        assert word in "\n".join(done.complaints)
    check_inert(done)
    if lines is not None:
        assert len(done.complaints) == lines, done.err


def check_inert(done: Done) -> None:
    """Check that nothing written can steer a terminal."""
    for text in (done.out.replace("\r\n", "\n"), done.err):  # CSV has both
        wrong = {char for char in text if not char.isprintable()} - {"\n"}
        assert not wrong, (wrong, text)


def dump(store: Path) -> list[str]:
    """Return all that a store holds, row by row."""
    with closing(sqlite3.connect(store)) as connection:
        return list(connection.iterdump())


def tree(folder: Path) -> set[str]:
    """Return every path below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
