"""Progress that is drawn in place on a terminal."""

import io
import re
from dataclasses import replace

import pytest
from support.benches import measured, sim_benches
from support.measured import a_case, a_result

from tierbench.harness.live import ROWS_SHOWN, LiveProgress
from tierbench.harness.values import Status

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""The control sequences with which a table is drawn in place."""

HOSTILE = "\x1b]0;pwned\x07\x9b2J\n[red]x[/]"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> str:
        """Return the text without what moves the cursor or sets a colour."""
        return CONTROL.sub("", self.getvalue()).replace("\r", "")


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("tierbench.harness.live.REFRESH_S", 0.0)
    return Terminal()


@pytest.fixture
def live(terminal):
    progress = LiveProgress(terminal)
    yield progress
    progress.close()


def test_open_cases_are_shown_with_their_estimates(live, terminal, tmp_path) -> None:
    (bench,) = sim_benches(tmp_path, 'use = "sim"\nlatency_us = 2500.0')
    measured(bench, rounds=15)
    live.begin(total=1, reused=0, done=0)
    live.block(bench, bench.blocks[-1])
    assert "1 case to measure" in terminal.shown
    line = next(line for line in terminal.shown.splitlines() if "latency_us" in line)
    assert re.search(r"batch 1 +2\.\d+ +\d+\.\d +\d+\.\d", line)
    assert "% done" in terminal.shown


def test_a_case_without_estimate_has_an_empty_cell(live, terminal, tmp_path) -> None:
    (bench,) = sim_benches(tmp_path, 'use = "sim"')
    live.begin(total=1, reused=0, done=0)
    live.block(bench, None)
    line = next(line for line in terminal.shown.splitlines() if "model/as is" in line)
    assert line.split()[-3:] == ["batch", "1", "0.0"]


def test_more_cases_than_fit_are_counted(live, terminal, tmp_path) -> None:
    number = ROWS_SHOWN + 4
    latencies = [float(index + 1) for index in range(number)]
    live.begin(total=number, reused=0, done=0)
    for bench in sim_benches(tmp_path, f'use = "sim"\nlatency_us = {latencies}'):
        live.block(bench, None)
    assert "and 4 more" in terminal.shown
    assert "and 5 more" not in terminal.shown


def test_an_ended_case_is_told_and_leaves_the_table(live, terminal, tmp_path) -> None:
    (bench,) = sim_benches(tmp_path, 'use = "sim"')
    measured(bench, rounds=2)
    live.begin(total=1, reused=0, done=0)
    live.block(bench, bench.blocks[-1])
    live.result(bench.close())
    assert "not_converged model/as is sim single_stream batch 1" in terminal.shown
    assert live._open == {}
    assert live._forecast.share == 1


def test_skipped_cases_are_no_part_of_what_is_done(live) -> None:
    live.begin(total=2, reused=0, done=0)
    for name in ("a", "b", "c"):
        live.result(a_result(case=a_case(name), status=Status.SKIPPED, reason="no"))
    assert live._forecast.share == 0
    live.result(a_result())
    assert live._forecast.share == 0.5


def test_hostile_names_steer_no_terminal(live, terminal, tmp_path) -> None:
    (bench,) = sim_benches(tmp_path, 'use = "sim"')
    case = bench.planned.case
    named = replace(case, variant=replace(case.variant, model=HOSTILE))
    bench.planned = replace(bench.planned, case=named)
    live.begin(total=1, reused=0, done=0)
    live.block(bench, None)
    live.result(a_result(case=named, status=Status.FAILED, reason=HOSTILE))
    live.close()
    assert "\x1b]" not in terminal.getvalue()
    assert not re.search(r"[^\n -~\w─-╿━╸╺±]", terminal.shown)
    assert terminal.shown.count("\\x1b]0;pwned\\x07\\x9b2J\\n[red]x[/]") >= 3


def test_closing_twice_leaves_the_cursor_shown(live, terminal) -> None:
    live.begin(total=1, reused=0, done=0)
    live.close()
    live.close()
    assert terminal.getvalue().rindex("\x1b[?25h") > terminal.getvalue().rindex(
        "\x1b[?25l"
    )


def test_sustained_runs_are_told(live, terminal, tmp_path) -> None:
    (bench,) = sim_benches(tmp_path, 'use = "sim"')
    live.begin(total=1, reused=0, done=0)
    live.soak(1, 1800.0)
    live.block(bench, None)
    live.soaked(bench.planned.case, "was loaded for 1800 s")
    assert "1 finalist under sustained load, 1800 s each" in terminal.shown
    assert "soaked model/as is sim single_stream batch 1 was loaded" in terminal.shown
