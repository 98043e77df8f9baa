"""Soak two finalists and tell of every block that was acknowledged; made to be killed.

Usage: python interrupted_soak.py FOLDER ACKNOWLEDGED
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.plans import plan_of
from tierbench.harness.progress import Silence
from tierbench.harness.run import run_plan
from tierbench.harness.store import Store
from tierbench.harness.values import Phase

TARGET = 'use = "sim"\nlatency_us = [2000.0, 2100.0]\n'
SOAK = "[workload]\nsoak_s = 600\n"


class Telling(Silence):
    """Write one line a block of a soak, after the harness says that it is safe."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def block(self, bench, block) -> None:
        if block.phase is Phase.SOAK:
            first = block.values("latency")[0]
            key = bench.planned.case.key
            line = f"{key} {block.index} {block.worker} {first}\n"
            os.write(self._file, line.encode())


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with Store.open(f"sqlite:///{folder / 'results.db'}") as store:
        plan = plan_of(folder, TARGET, rest=SOAK)
        run_plan(plan, store, Telling(sys.argv[2]))
