"""What the commands cost, as whole processes side by side."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

HELP_LIMIT = 2.5
REUSE_LIMIT_S = 2.0
DOCTOR_LIMIT_S = 2.0
MEASURING_SHARE_MIN = 0.75

MANY = """\
name = "many"
profile = "smoke"
[[model]]
path = "model.onnx"
[[target]]
use = "sim"
latency_us = [{latencies}]
noise = [0.01, 0.02, 0.03, 0.04, 0.05]
"""

TWENTY = """\
name = "twenty"
profile = "nightly"
[[model]]
use = "defect"
[[target]]
use = "host-onnxruntime"
graph_optimization = ["disabled", "basic", "extended", "all"]
[[target]]
use = "host-litert"
[workload]
batch = [1, 8]
"""


def seconds(*command: object) -> float:
    began = time.perf_counter()
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    return time.perf_counter() - began


def tierbench(*arguments: object) -> list[object]:
    return [Path(sys.executable).with_name("tierbench"), *arguments]


def test_help_against_importing_click() -> None:
    ratios = []
    for _ in range(15):
        ours = seconds(*tierbench("--help"))
        click = seconds(sys.executable, "-c", "import click")
        ratios.append(ours / click)
    ratio = statistics.median(ratios)
    print(f"\ntierbench --help / import click: {ratio:.2f}, limit {HELP_LIMIT}")
    assert ratio <= HELP_LIMIT


def test_doctor() -> None:
    command = [str(part) for part in tierbench("doctor", "--json")]
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True)
        taken.append(time.perf_counter() - began)
        assert done.returncode in (0, 1), done.stderr
    print(f"\ndoctor: {max(taken):.2f} s at most, limit {DOCTOR_LIMIT_S} s")
    assert max(taken) <= DOCTOR_LIMIT_S


def test_a_finished_sweep_of_500_cases(tmp_path: Path) -> None:
    from support.plans import write_model

    write_model(tmp_path)
    sweep = tmp_path / "many.toml"
    latencies = ", ".join(f"{1000.0 + i}" for i in range(100))
    sweep.write_text(MANY.format(latencies=latencies))
    run = tierbench("run", sweep, "--store", f"sqlite:///{tmp_path / 'r.db'}")
    seconds(*run)
    again = statistics.median(seconds(*run) for _ in range(5))
    print(f"\nsecond run of 500 finished cases: {again:.2f} s, limit {REUSE_LIMIT_S} s")
    assert again <= REUSE_LIMIT_S


def test_share_of_a_nightly_sweep_spent_measuring(tmp_path: Path) -> None:
    sweep = tmp_path / "twenty.toml"
    sweep.write_text(TWENTY)
    command = tierbench("run", sweep, "--store", f"sqlite:///{tmp_path / 'r.db'}")
    began = time.perf_counter()
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True
    )
    wall_s = time.perf_counter() - began
    assert done.returncode == 0, done.stderr
    told = re.search(r"measuring took ([\d.]+) s", done.stderr)
    assert told is not None, done.stderr
    share = float(told[1]) / wall_s
    print(
        f"\n20 nightly cases: {share:.1%} of {wall_s:.0f} s measuring, "
        f"limit {MEASURING_SHARE_MIN:.0%}"
    )
    assert share >= MEASURING_SHARE_MIN
