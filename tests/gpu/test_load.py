"""The load of the GPU suite, as far as it can be checked without a GPU."""

import shutil
import subprocess
from pathlib import Path

from support.components import missing
from support.gpu_load import PTX


def test_the_kernel_assembles(tmp_path: Path) -> None:
    if shutil.which("ptxas") is None:
        missing("gpu", "ptxas is not installed: the load's kernel was not assembled")
    (tmp_path / "load.ptx").write_text(PTX)
    command = ["ptxas", "-arch=sm_75", "-o", tmp_path / "out", tmp_path / "load.ptx"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
