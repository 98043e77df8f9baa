"""Libraries that stand for a vendor's driver, so that its real Python module runs."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from .components import missing


def need(component: str, module: str) -> None:
    """Skip where the vendor's module or a C compiler is missing."""
    if find_spec(module) is None:
        missing(component, f"the module {module} is not installed")
    if shutil.which("gcc") is None:
        missing(component, "gcc is not installed")


def compiled(folder: Path, name: str, source: str) -> Path:
    """Compile C into a shared library of that name in a folder."""
    text = folder / "stub.c"
    text.write_text(source)
    command = ["gcc", "-shared", "-fPIC", "-w", "-o", str(folder / name), str(text)]
    subprocess.run(command, check=True, capture_output=True)
    return folder / name
