"""What a run tells on a stream that is no terminal."""

import io
import os
import time
from dataclasses import replace

import pytest
from store_examples import ODD
from support.benches import measured, sim_benches
from support.measured import a_block, a_case, a_result

from tierbench.harness import progress
from tierbench.harness.progress import (
    Forecast,
    PlainProgress,
    Silence,
    status_line,
)
from tierbench.harness.values import Status

HOSTILE = f"\x1b]0;pwned\x07\x9b2J\r{ODD}"


@pytest.fixture
def stream():
    return io.StringIO()


def hostile_result(**changes):
    case = a_case(HOSTILE)
    variant = replace(case.variant, model=HOSTILE)
    return a_result(case=replace(case, variant=variant), **changes)


def test_what_is_ahead_is_told_first(stream) -> None:
    plain = PlainProgress(stream)
    plain.begin(total=3, reused=2, done=1)
    assert stream.getvalue() == "3 cases to measure, 2 reused, 1 already done\n"
    other = io.StringIO()
    PlainProgress(other).begin(total=3, reused=0, done=0)
    assert other.getvalue() == "3 cases to measure\n"


def test_each_case_is_one_line_with_its_number(stream) -> None:
    plain = PlainProgress(stream)
    plain.begin(total=2, reused=0, done=0)
    plain.result(a_result())
    plain.result(a_result(case=a_case("b"), status=Status.FAILED, reason="it died"))
    first, second = stream.getvalue().splitlines()[1:]
    assert first == "[1/2] defect/fp32 sim single_stream batch 1 ok"
    assert second.startswith("[2/2] ")
    assert second.endswith("failed: it died")


def test_a_skipped_case_was_not_to_be_measured(stream) -> None:
    plain = PlainProgress(stream)
    plain.begin(total=1, reused=0, done=0)
    plain.result(a_result(case=a_case("b"), status=Status.SKIPPED, reason="no driver"))
    plain.result(a_result())
    skipped, measured_line = stream.getvalue().splitlines()[1:]
    assert skipped.startswith("defect/b")
    assert measured_line.startswith("[1/1] ")


def test_hostile_names_steer_no_terminal(stream) -> None:
    plain = PlainProgress(stream)
    plain.begin(total=1, reused=0, done=0)
    plain.result(hostile_result(status=Status.FAILED, reason=HOSTILE))
    text = stream.getvalue()
    assert text.count("\n") == 2
    assert all(line.isprintable() for line in text.splitlines())


def test_a_line_now_and_then_says_that_it_goes_on(
    stream, tmp_path, monkeypatch
) -> None:
    (bench,) = sim_benches(tmp_path, 'use = "sim"')
    measured(bench, rounds=12)
    plain = PlainProgress(stream)
    plain.begin(total=1, reused=0, done=0)
    plain.block(bench, bench.blocks[-1])
    assert stream.getvalue().count("\n") == 1
    later = time.monotonic() + progress.LINE_EVERY_S + 1
    monkeypatch.setattr(progress.time, "monotonic", lambda: later)
    plain.block(bench, bench.blocks[-1])
    plain.block(bench, bench.blocks[-1])
    line = stream.getvalue().splitlines()[1:]
    assert len(line) == 1
    assert line[0].startswith("measuring, ")
    assert "% done" in line[0]


def test_a_stream_that_nobody_reads_stops_nothing() -> None:
    source, sink = os.pipe()
    os.close(source)
    with os.fdopen(sink, "wb", buffering=0) as raw:
        unread = PlainProgress(io.TextIOWrapper(raw, write_through=True))
        unread.begin(total=1, reused=0, done=0)


def test_a_forecast_comes_from_the_share_that_is_done(monkeypatch) -> None:
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    forecast = Forecast(4)
    assert forecast.left_s is None
    assert status_line(forecast) == "0 % done, time left unknown yet"
    forecast.end(a_result())
    now = 30.0
    assert forecast.share == 0.25
    assert forecast.left_s == pytest.approx(90)
    assert status_line(forecast) == "25 % done, about 90 s left"
    forecast.end(a_result())
    assert forecast.share == 0.25, "a case counts once"
    for name in "abcdefgh":
        forecast.end(a_result(case=a_case(name)))
    assert forecast.share == 1
    assert forecast.left_s == 0


def test_a_run_without_cases_has_a_forecast() -> None:
    assert Forecast(0).share == 0


def test_silence_is_silent(capsys, tmp_path) -> None:
    (bench,) = sim_benches(tmp_path, 'use = "sim"')
    silence = Silence()
    silence.begin(1, 2, 3)
    silence.block(bench, a_block(0, [1.0]))
    silence.result(a_result())
    silence.close()
    assert capsys.readouterr() == ("", "")


def test_sustained_runs_are_told(stream) -> None:
    plain = PlainProgress(stream)
    plain.begin(total=1, reused=0, done=0)
    plain.soak(2, 1800.0)
    plain.soaked(a_case(), "was loaded for 1800 s")
    assert stream.getvalue().splitlines()[1:] == [
        "2 finalists under sustained load, 1800 s each after a rest",
        "defect/fp32 sim single_stream batch 1 was loaded for 1800 s",
    ]
    other = io.StringIO()
    PlainProgress(other).soak(1, 200.5)
    assert other.getvalue().startswith("1 finalist under sustained load, 200.5 s")
    hostile = io.StringIO()
    PlainProgress(hostile).soaked(hostile_result().case, HOSTILE)
    assert not set(hostile.getvalue()) & {"\x1b", "\x07", "\x9b", "\r"}
    silent = Silence()
    silent.soak(1, 1.0)
    silent.soaked(a_case(), "so")
