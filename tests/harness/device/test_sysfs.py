"""Small files of the kernel, and every way in which they fail."""

import os
import threading
from pathlib import Path

import pytest

from tierbench.harness.device.sysfs import (
    entries,
    highest,
    lowest,
    read_number,
    read_text,
    total,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"42\n", 42.0),
        (b" -7 \n", -7.0),
        (b"1e3", 1000.0),
        (b"", None),
        (b"\n", None),
        (b"garbage\n", None),
        (b"\xff\xfe\x00", None),
        (b"nan", None),
        (b"inf\n", None),
        (b"1 2 3", None),
        (b"12\x00\n", 12.0),
    ],
)
def test_a_file_holds_a_number_or_none(tmp_path: Path, text: bytes, number) -> None:
    path = tmp_path / "file"
    path.write_bytes(text)
    assert read_number(str(path)) == number


def test_a_factor_changes_the_unit(tmp_path: Path) -> None:
    (tmp_path / "khz").write_text("2000000\n")
    assert read_number(str(tmp_path / "khz"), 1e3) == 2e9


def test_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    assert read_text(str(tmp_path / "missing")) is None
    assert read_text(str(tmp_path)) is None
    assert read_text("nul\0byte") is None
    os.mkfifo(tmp_path / "pipe")
    assert read_number(str(tmp_path / "pipe")) is None


def test_a_forbidden_file_is_none(tmp_path: Path, monkeypatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "file").write_text("1")
    monkeypatch.setattr(os, "open", refused)
    assert read_number(str(tmp_path / "file")) is None


def test_a_device_that_is_off_answers_with_an_error(
    tmp_path: Path, monkeypatch
) -> None:
    def again(*_: object) -> bytes:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    (tmp_path / "temp").write_text("1")
    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "read", again)
    assert read_number(str(tmp_path / "temp")) is None
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_that_comes_and_goes_is_a_number_or_none(tmp_path: Path) -> None:
    path, ending = tmp_path / "temp", threading.Event()

    def flicker() -> None:
        while not ending.is_set():
            path.write_text("5")
            path.unlink()

    thread = threading.Thread(target=flicker)
    thread.start()
    try:
        found = {read_number(str(path)) for _ in range(3000)}
    finally:
        ending.set()
        thread.join()
    assert found <= {5.0, None}


def test_entries_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("cpu10", "cpu2", "cpu1", "other"):
        (tmp_path / name).mkdir()
    assert entries(str(tmp_path), "cpu") == ["cpu1", "cpu2", "cpu10"]
    assert entries(str(tmp_path / "missing")) == []


def test_unknown_values_do_not_count() -> None:
    assert (highest([None, 1, 3]), lowest([None, 1, 3]), total([None, 1, 3])) == (
        3,
        1,
        4,
    )
    assert (highest([None]), lowest([]), total([None])) == (None, None, None)
