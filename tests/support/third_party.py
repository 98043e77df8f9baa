"""Packages of third parties, installed into a folder as pip does it for a user."""

import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = Path(__file__).parents[1] / "third_party"


def install(name: str, site: Path, work: Path) -> None:
    """Install a package of ``tests/third_party`` into a folder of its own."""
    source = work / name
    shutil.copytree(PACKAGES / name, source)
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps")
    command = (sys.executable, "-m", "pip", "install", *quiet, "--no-build-isolation")
    subprocess.run([*command, "--target", site, source], check=True, timeout=120)
