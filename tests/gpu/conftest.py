"""A GPU that works without a pause; where there is none, tests say what did not run."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import support.gpu_load
from support.components import missing


@pytest.fixture(scope="session")
def busy_gpu() -> Iterator[None]:
    """Keep GPU 0 busy while the tests that ask for it run."""
    command = [sys.executable, str(Path(support.gpu_load.__file__))]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as load:
        assert load.stdout is not None
        assert load.stderr is not None
        if load.stdout.readline() != "busy\n":
            load.wait(timeout=30)
            words = load.stderr.read().strip().splitlines()
            missing(
                "gpu", f"no GPU can be loaded: {words[-1] if words else 'it ended'}"
            )
        yield
        load.communicate()
        assert load.returncode == 0
