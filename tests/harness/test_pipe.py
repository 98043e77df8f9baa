"""Pipes with deadlines."""

import os
import time

import pytest

from tierbench.harness.pipe import DeadlineReader, DeadlineWriter, PipeTimeout


def test_reads_lines_and_bytes_as_they_come() -> None:
    source, sink = os.pipe()
    reader = DeadlineReader(source)
    os.write(sink, b"one\ntwo")
    assert reader.readline(100) == b"one\n"
    os.write(sink, b"!\nrest")
    os.close(sink)
    assert reader.readline(100) == b"two!\n"
    assert reader.read(100) == b"rest"
    assert reader.readline(100) == b""
    os.close(source)


def test_a_line_longer_than_the_limit_is_cut() -> None:
    source, sink = os.pipe()
    os.write(sink, b"x" * 50)
    assert DeadlineReader(source).readline(10) == b"x" * 10
    os.close(sink)
    os.close(source)


def test_silence_ends_at_the_deadline() -> None:
    source, sink = os.pipe()
    reader = DeadlineReader(source)
    reader.deadline = time.monotonic() + 0.05
    with pytest.raises(PipeTimeout):
        reader.read(1)
    os.close(sink)
    os.close(source)


def test_a_deadline_may_be_years_away() -> None:
    source, sink = os.pipe()
    os.write(sink, b"x")
    reader = DeadlineReader(source)
    reader.deadline = time.monotonic() + 1e9
    assert reader.read(1) == b"x"
    os.close(sink)
    os.close(source)


def test_nobody_reading_ends_at_the_deadline() -> None:
    source, sink = os.pipe()
    writer = DeadlineWriter(sink)
    writer.deadline = time.monotonic() + 0.05
    with pytest.raises(PipeTimeout):
        writer.write(b"x" * (4 << 20))
    os.close(sink)
    os.close(source)
