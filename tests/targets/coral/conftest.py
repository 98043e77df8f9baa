"""A real external delegate that stands for libedgetpu, and a compiler like Google's."""

import shutil
import subprocess
from pathlib import Path

import pytest
import support
from support.components import missing

SUPPORT = Path(support.__file__).parent / "edgetpu"


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the library and return its folder."""
    compiler = shutil.which("cc")
    if compiler is None:
        missing("cc", "no C compiler; apt-get install gcc")
    folder = tmp_path_factory.mktemp("edgetpu")
    out = folder / "libedgetpu.so.1"
    flags = ["-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-O1"]
    subprocess.run(
        [str(compiler), *flags, "-o", out, SUPPORT / "libedgetpu.c"], check=True
    )
    return folder


@pytest.fixture
def tpu(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let workers find the library and one Edge TPU on USB; return its folder."""
    monkeypatch.setenv("LD_LIBRARY_PATH", str(library))
    monkeypatch.setenv("FAKE_EDGETPU", "usb")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return library
