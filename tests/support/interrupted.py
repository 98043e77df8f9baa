"""Run a plan and tell of every block that was acknowledged; made to be killed.

Usage: python interrupted.py FOLDER ACKNOWLEDGED
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.plans import plan_of
from tierbench.harness.progress import Silence
from tierbench.harness.run import run_plan
from tierbench.harness.store import Store

TARGET = """\
use = "sim"
latency_us = [300.0, 500.0, 900.0, 2000.0]
noise = [0.05, 0.1, 0.2]
"""


class Telling(Silence):
    """Write one line a block, after the harness says that it is safe."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def block(self, bench, block) -> None:
        first = block.values("latency")[0]
        line = f"{bench.planned.case.key} {block.index} {block.worker} {first}\n"
        os.write(self._file, line.encode())


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        run_plan(plan_of(folder, TARGET), store, Telling(sys.argv[2]))
