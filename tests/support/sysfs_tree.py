"""Fake roots of Linux machines, and their state replayed while somebody reads it."""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

CPUFREQ = "sys/devices/system/cpu/cpufreq/policy0"


def write_tree(root: Path, files: Mapping[str, object]) -> Path:
    """Write each file with its text, as the kernel would show it."""
    for name, value in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    return root


def set_file(root: Path, name: str, value: object) -> None:
    """Replace a file's text at once: a reader sees the old text or the new one."""
    path = root / name
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(f"{value}\n")
    fresh.replace(path)


def processor(
    khz: int = 2_000_000, governor: str = "performance", cpus: str = "0 1"
) -> dict[str, object]:
    """Return the files of one policy of cpufreq."""
    return {
        f"{CPUFREQ}/scaling_cur_freq": khz,
        f"{CPUFREQ}/scaling_max_freq": 2_000_000,
        f"{CPUFREQ}/cpuinfo_max_freq": 2_000_000,
        f"{CPUFREQ}/scaling_governor": governor,
        f"{CPUFREQ}/affected_cpus": cpus,
    }


def zone(
    number: int = 0, kind: str = "cpu-thermal", celsius: float = 50.0, trip: float = 95
) -> dict[str, object]:
    """Return the files of one thermal zone with a passive trip point."""
    folder = f"sys/class/thermal/thermal_zone{number}"
    return {
        f"{folder}/type": kind,
        f"{folder}/temp": int(celsius * 1000),
        f"{folder}/trip_point_0_type": "active",
        f"{folder}/trip_point_0_temp": 40_000,
        f"{folder}/trip_point_1_type": "passive",
        f"{folder}/trip_point_1_temp": int(trip * 1000),
    }


class Replay:
    """Rewrites a tree's files in a thread: ``step`` is told the seconds passed."""

    def __init__(self, step: Callable[[float], None]) -> None:
        self._step = step
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Replay":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._ending.wait(0.002):
            self._step(time.monotonic() - began)
