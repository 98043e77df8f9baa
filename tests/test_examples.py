"""The examples do what they say."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from support.components import missing
from support.toy_learner import need_torch

from tierbench.targets.host_onnxruntime import HostOnnxruntime

EXAMPLES = Path(__file__).parents[1] / "examples"


def commands(page: Path) -> list[list[str]]:
    """Return the commands of a page's blocks, without comments and installing."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.partition("#")[0].split() for line in "".join(blocks).splitlines()]
    return [words for words in lines if words[0] != "pip"]


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    program, *arguments = command
    python = [] if program == "python" else ["-m", program]
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("PYTEST")
    }
    return subprocess.run(
        [sys.executable, *python, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_gated_repository_does_what_its_page_says(tmp_path) -> None:
    if found := HostOnnxruntime().unavailable():
        missing("host", found.reason)
    folder = tmp_path / "gated"
    shutil.copytree(EXAMPLES / "gated", folder)
    *green, last = commands(folder / "README.md")
    assert [command[0] for command in green] == [
        "tierbench",
        "pytest",
        "pytest",
        "python",
    ]
    for command in green:
        done = run(folder, command)
        assert done.returncode == 0, done.stdout + done.stderr
    slower = run(folder, last)
    assert slower.returncode == 1, slower.stdout
    assert re.search(r"became slower: .* ms against .* ms of run", slower.stdout)
    assert "paired: both were measured in the same" in slower.stdout


def test_a_module_of_ones_own_gets_its_variants(tmp_path) -> None:
    need_torch()
    folder = tmp_path / "own_module"
    shutil.copytree(EXAMPLES / "own_module", folder)
    page = (folder / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    _, train, build = map(shlex.split, block.splitlines())
    for command in (train, build):
        done = run(folder, command)
        assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in (folder / "variants").iterdir()) == [
        f"digits-{variant}.{format}{suffix}"
        for variant in ("int8", "qat-int4")
        for format in ("onnx", "tflite")
        for suffix in ("", ".json")
    ]
