"""A command line to misuse, and a store that must survive it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.complaints import SIM, Done
from support.plans import write_model

from tierbench.harness.cli import main
from tierbench.harness.profiles import SMOKE

NOBODY = 65534


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Return a function that runs one command in this process."""

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Done(status=status, out=out, err=err)

    return call


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure hardly at all: what a real runtime does is looked at, not how fast."""
    profile = replace(SMOKE, measured_min_s=0.1, case_limit_s=0.2)
    monkeypatch.setattr("tierbench.harness.run.PROFILES", {SMOKE.name: profile})


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a sweep, its model, and a store with one run of it."""
    folder = tmp_path_factory.mktemp("original")
    write_model(folder)
    sweep = folder / "sweep.toml"
    sweep.write_text(SIM)
    assert main(["run", str(sweep), "--store", f"sqlite:///{folder}/results.db"]) == 0
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """Return a copy of ``original`` of the test's own."""
    return Path(shutil.copytree(original, tmp_path / "work"))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that other users may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="tierbench-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def nobody(open_folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a context manager that lives as a user who owns only a cache."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    cache = open_folder / "cache"
    cache.mkdir()
    os.chown(cache, NOBODY, NOBODY)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))

    @contextmanager
    def become() -> Iterator[None]:
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)

    return become


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 2 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)]
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can make a small disk")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    yield path
    subprocess.run(["umount", str(path)], check=True)
