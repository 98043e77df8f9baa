"""Sessions of pytest in a folder of their own, as a user runs them."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tierbench.harness.store import Store
from tierbench.harness.values import Result, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """How a session ended and what it wrote."""

    status: int
    out: str
    folder: Path

    @property
    def outcomes(self) -> dict[str, str]:
        """Return how each test ended, by the test's name without its file's."""
        found = re.findall(
            r"^\S*?::(.+?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL)\b", self.out, re.M
        )
        workers = re.findall(
            r"^\[gw\d+\] .*?(PASSED|FAILED|ERROR|SKIPPED|XFAIL) \S*?::(.+?) *$",
            self.out,
            re.M,
        )
        return dict(found) | {name: how for how, name in workers}

    def runs(self) -> tuple[Run, ...]:
        """Return the runs in the session's store, the newest first."""
        with Store.open(store_of(self.folder), create=False) as store:
            return store.runs()

    def results(self) -> list[Result]:
        """Return the results of the newest run."""
        with Store.open(store_of(self.folder), create=False) as store:
            return list(store.results(store.runs()[0].id))


def store_of(folder: Path) -> str:
    """Return the URL of the store in which a session in a folder keeps its results."""
    return f"sqlite:///{folder / 'results' / 'tierbench.db'}"


_STRANGERS = ("-p", "no:anyio", "-p", "no:jaxtyping")
"""Plugins that come along with torch: one warns, the other loads NumPy."""


def command(*arguments: str) -> Sequence[str]:
    """Return the command of a session without a terminal, configured by nobody."""
    return [sys.executable, "-m", "pytest", *_STRANGERS, "-v", "-rs", *arguments]


def write_tests(folder: Path, text: str, name: str = "test_it.py") -> None:
    """Write a module of tests into a folder that is the root of its sessions."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / name).write_text(f"import pytest\nfrom tierbench import mb, ms\n{text}")


def _outer() -> dict[str, str]:
    """Return the environment without what tells of the session that tests this one."""
    return {k: text for k, text in os.environ.items() if not k.startswith("PYTEST_")}


def session(folder: Path, *arguments: str) -> Session:
    """Run pytest in a folder."""
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        env={**_outer(), "COLUMNS": "200", "PYTHONSAFEPATH": ""},
    )
    return Session(status=done.returncode, out=done.stdout, folder=folder)
