"""Which processors have been working, from Linux's ``/proc/stat``.

Its ticks are 10 ms long, so that a share over a few of them is coarse: it tells a
processor that works from one that idles, and no more.
"""

from __future__ import annotations

import os

IDLE_COLUMNS = (3, 4)  # idle, iowait; see proc_stat(5)
COLUMNS = 8  # user ... steal; guests are counted in user


class Busy:
    """The share of time that each processor worked since it was last asked."""

    def __init__(self, root: str) -> None:
        """Count from now, under a root folder."""
        self._path = os.path.join(root, "proc/stat")
        self._before = self._ticks()
        self._shares: dict[int, float] = {}

    def shares(self) -> dict[int, float]:
        """Return the share of each processor; where no tick has passed, the last."""
        now = self._ticks()
        for cpu, (idle, every) in now.items():
            idle_before, every_before = self._before.get(cpu, (idle, every))
            passed = every - every_before
            if passed > 0:
                self._shares[cpu] = 1 - (idle - idle_before) / passed
                self._before[cpu] = (idle, every)
        return {cpu: self._shares[cpu] for cpu in now if cpu in self._shares}

    def _ticks(self) -> dict[int, tuple[int, int]]:
        """Return each processor's ticks of idling and of everything."""
        found = {}
        for line in self._lines():
            words = line.split()
            name = words[0] if words else ""
            if not name.startswith("cpu") or name == "cpu":
                continue
            try:
                ticks = [int(word) for word in words[1 : 1 + COLUMNS]]
                idle = sum(ticks[column] for column in IDLE_COLUMNS)
                found[int(name[3:])] = (idle, sum(ticks))
            except (ValueError, IndexError):
                continue
        return found

    def _lines(self) -> list[str]:
        """Return the file's first lines: the interrupts after them are long."""
        lines = []
        try:
            with open(self._path, encoding="ascii", errors="replace") as file:
                for line in file:
                    if not line.startswith("cpu"):
                        break
                    lines.append(line)
        except OSError:
            pass
        return lines
