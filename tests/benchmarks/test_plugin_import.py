"""What the plugin adds to a pytest session that uses none of it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

PAIRS = 21
LIMIT_MS = 30.0


def seconds(folder: Path, *options: str) -> float:
    """Return the time of a session of one empty test, no plugin but those named."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    began = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    taken = time.perf_counter() - began
    assert done.returncode == 0, done.stdout
    return taken


def test_a_session_that_uses_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_empty.py").write_text("def test_empty():\n    pass\n")
    ours = ("-p", "tierbench.harness.pytest_plugin")
    seconds(tmp_path, *ours)  # compiles
    differences = []
    for pair in range(PAIRS):  # each goes first as often as last
        sides = [ours, ()] if pair % 2 else [(), ours]
        taken = {side: seconds(tmp_path, *side) for side in sides}
        differences.append(1e3 * (taken[ours] - taken[()]))
    added_ms = statistics.median(differences)
    print(f"\npytest with the plugin: {added_ms:+.1f} ms, limit {LIMIT_MS:.0f} ms")
    assert added_ms <= LIMIT_MS
