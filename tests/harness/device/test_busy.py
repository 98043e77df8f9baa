"""Which processors worked, from the kernel's ticks."""

import time
from pathlib import Path

import pytest
from support.sysfs_tree import set_file, write_tree

from tierbench.harness.device.busy import Busy

HEAD = "cpu  9 9 9 9 9 9 9 9 0 0\n"


def stat(*cpus: str) -> str:
    lines = [f"cpu{number} {ticks}" for number, ticks in enumerate(cpus)]
    return HEAD + "\n".join(lines) + "\nintr 5 cpu0\n"


def test_the_share_is_of_the_ticks_since_it_was_last_asked(tmp_path: Path) -> None:
    root = write_tree(
        tmp_path, {"proc/stat": stat("0 0 0 100 0 0 0 0", "5 0 0 5 0 0 0")}
    )
    busy = Busy(str(root))
    assert busy.shares() == {}
    set_file(root, "proc/stat", stat("3 0 0 101 0 0 0 0", "5 0 0 9 0 0 0"))
    assert busy.shares() == {0: 0.75, 1: 0.0}
    set_file(root, "proc/stat", stat("3 0 0 101 4 0 0 0", "9 0 0 9 0 0 0"))
    assert busy.shares() == {0: 0.0, 1: 1.0}


def test_where_no_tick_passed_the_last_share_stands(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"proc/stat": stat("0 0 0 100 0 0 0 0")})
    busy = Busy(str(root))
    set_file(root, "proc/stat", stat("3 0 0 101 0 0 0 0"))
    assert busy.shares() == busy.shares() == {0: 0.75}


@pytest.mark.parametrize(
    "text", ["", "garbage", "cpu0", "cpu0 a b c d e", "cpux 1 2 3 4 5"]
)
def test_garbage_is_no_share(tmp_path: Path, text: str) -> None:
    busy = Busy(str(write_tree(tmp_path, {"proc/stat": text})))
    assert busy.shares() == {}


def test_without_the_file_there_is_no_share(tmp_path: Path) -> None:
    assert Busy(str(tmp_path)).shares() == {}


def test_this_machine_tells() -> None:
    busy = Busy("/")
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        pass
    # The system may have moved this process from one processor to another.
    assert sum(busy.shares().values()) > 0.5
