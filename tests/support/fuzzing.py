"""Seeded fuzzing that can be interrupted and go on.

``TIERBENCH_FUZZ`` is how many seeds each campaign goes through, a few hundred where it
is not set. ``TIERBENCH_FUZZ_STATE`` names a file that keeps the next seed of each
campaign: the same command goes on where the last one ended, and begins with the seed
that failed, if one did.
"""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

COUNT = "TIERBENCH_FUZZ"
STATE = "TIERBENCH_FUZZ_STATE"


def explore(campaign: str, count: int, check: Callable[[random.Random], None]) -> int:
    """Check seed after seed; return how many were checked now.

    Args:
        campaign: its name, under which its progress is kept.
        count: seeds, where the environment does not say.
        check: raises where a promise is broken, given the seed's own randomness.
    """
    state = _State(os.environ.get(STATE))
    first = state.next_seed(campaign)
    last = max(first, int(os.environ.get(COUNT) or count))
    for seed in range(first, last):
        try:
            check(random.Random(f"{campaign}/{seed}"))
        except BaseException as exc:
            exc.add_note(f"fuzz campaign {campaign!r}, seed {seed}")
            raise
        state.keep(campaign, seed + 1)
    return last - first


class _State:
    def __init__(self, path: str | None) -> None:
        self._path = None if not path else Path(path)
        self._seeds: dict[str, int] = {}

    def next_seed(self, campaign: str) -> int:
        if self._path is None or not self._path.exists():
            return 0
        self._seeds = json.loads(self._path.read_text())
        return self._seeds.get(campaign, 0)

    def keep(self, campaign: str, seed: int) -> None:
        if self._path is None:
            return
        self._seeds[campaign] = seed
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(self._seeds))
        written.replace(self._path)
