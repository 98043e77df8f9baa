"""The worker's zipapp."""

import ast
import subprocess
import zipfile

import pytest
from support.components import missing
from support.interpreters import interpreter

from tierbench.harness.device.wire import read_frame
from tierbench.harness.errors import InfrastructureError
from tierbench.harness.pack import pack

SIM = ("tierbench.targets.sim.process", "tierbench.targets.sim.device")


def test_equal_content_is_one_file() -> None:
    first = pack(SIM).read_bytes()
    pack.cache_clear()
    assert pack(SIM).read_bytes() == first


def test_nothing_of_the_host_travels() -> None:
    with zipfile.ZipFile(pack(SIM)) as archive:
        names = set(archive.namelist())
        assert archive.read("tierbench/harness/__init__.py") == b""
    assert "tierbench/targets/sim/device.py" in names
    assert not [name for name in names if name.endswith("store.py")]


def test_all_that_travels_keeps_to_the_syntax_of_an_old_python() -> None:
    with zipfile.ZipFile(pack(SIM)) as archive:
        for name in archive.namelist():
            ast.parse(archive.read(name), name, feature_version=(3, 9))


def test_a_module_without_source_is_refused() -> None:
    with pytest.raises(InfrastructureError, match="has no Python source"):
        pack(("sys",))
    with pytest.raises(InfrastructureError, match="no_such_package"):
        pack(("no_such_package.device",))


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.11", "3.13"])
def test_the_core_runs_on_every_python_of_a_board(version: str) -> None:
    python = interpreter(version)
    if python is None:
        missing("pythons", f"python{version} is not installed")
    child = subprocess.Popen(
        [python, "-I", str(pack(SIM)), "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdin is not None
        assert child.stdout is not None
        frame = read_frame(child.stdout)
        assert frame is not None
        assert frame[0]["hello"]["python"].startswith(version)
        child.stdin.close()
        assert child.wait(timeout=30) == 0
