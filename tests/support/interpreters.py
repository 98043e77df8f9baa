"""Pythons of other versions."""

import os
import subprocess
from shutil import which


def interpreter(version: str) -> str | None:
    """Return the first interpreter of a version on the path that starts, or None."""
    for folder in os.get_exec_path():
        python = which(f"python{version}", path=folder)
        if python and not subprocess.run([python, "-c", ""]).returncode:
            return python
    return None
