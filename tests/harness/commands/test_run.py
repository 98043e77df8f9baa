"""``tierbench run``: exit statuses, streams, and leaving by a signal."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tierbench.harness.store import Store
from tierbench.harness.values import Phase

SLOW = 'use = "sim"\nclock = "real"\nlatency_us = [3000.0, 4000.0]\nslice_noise = 1.5'
"""Cases that never end before the profile's limit."""

HANGING = 'use = "sim"\nclock = "real"\nfault = "hang"\nfault_after_calls = 1'


def start(folder: Path, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tierbench", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(what, limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.05)


def journal_bytes(folder: Path) -> int:
    files = list((folder / "results" / "journal").glob("*.journal"))
    return sum(file.stat().st_size for file in files)


def test_all_well_is_0_and_results_are_kept(call, folder) -> None:
    said = call("run", "small.toml")
    assert said.status == 0
    assert said.out == ""
    assert re.search(r"^run [0-9a-f]{8}: 2 ok\b", said.err, re.MULTILINE)
    assert (folder / "results" / "tierbench.db").exists()
    assert journal_bytes(folder) == 0


def test_json_prints_the_runs_rows_and_nothing_else(call, folder) -> None:
    said = call("run", "small.toml", "--json", "--store", "sqlite:///other.db")
    found = json.loads(said.out)
    assert [row["status"] for row in found] == ["ok", "ok"]
    assert (folder / "other.db").exists()
    assert not (folder / "results").exists()


def test_what_holds_is_reused_unless_asked_afresh(call, folder) -> None:
    call("run", "small.toml")
    assert "2 reused" in call("run", "small.toml").err
    assert "2 ok" in call("run", "small.toml", "--fresh").err


def test_a_failed_case_is_1_and_others_go_on(call, write_sweep) -> None:
    path = write_sweep('use = "sim"', 'use = "sim"\nfault = "raise"')
    said = call("run", path)
    assert said.status == 1
    assert "1 failed, 1 ok" in said.err
    assert "refuses this call" in said.err


def test_only_skipped_cases_are_0(call, write_sweep) -> None:
    said = call("run", write_sweep('use = "host-litert"'))
    assert said.status == 0
    assert "1 skipped" in said.err


def test_bad_input_is_2_and_makes_no_store(call, folder) -> None:
    said = call("run", "missing.toml")
    assert said.status == 2
    assert said.err.startswith("tierbench: missing.toml")
    assert not (folder / "results").exists()


def test_a_store_that_cannot_be_opened_is_3(call, folder) -> None:
    (folder / "file").write_text("no folder")
    said = call("run", "small.toml", "--store", "sqlite:///file/results.db")
    assert said.status == 3
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_round_and_the_run_goes_on_later(
    write_sweep, folder, number
) -> None:
    write_sweep(SLOW)
    child = start(folder, "run", "small.toml")
    wait_for(lambda: journal_bytes(folder) > 20_000)
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 3
    assert out == ""
    assert "leaving after this round" in err
    assert "left early, run the same command to go on" in err
    assert "Traceback" not in err
    kept = journal_bytes(folder)
    assert kept > 20_000

    again = start(folder, "run", "small.toml")
    _, err = again.communicate(timeout=120)
    assert again.returncode == 0
    with Store.open(f"sqlite:///{folder / 'results' / 'tierbench.db'}") as store:
        (run,) = store.runs()
        results = list(store.results(run.id))
    assert run.status == "finished"
    assert len(results) == 2
    for result in results:
        assert {block.worker for block in result.blocks} == {0, 1, 2, 3, 4, 5}
        rounds = [b.round for b in result.blocks if b.phase is Phase.MEASURE]
        assert len(rounds) == len(set(rounds))
    assert journal_bytes(folder) == 0


def test_a_second_signal_leaves_at_once(write_sweep, folder) -> None:
    write_sweep(HANGING, rest="[limits]\ncall_s = 300.0\n")
    child = start(folder, "run", "small.toml")
    wait_for(lambda: journal_bytes(folder) > 0)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert child.poll() is None, "the round hangs, so it cannot have ended"
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 3
    assert "Traceback" not in err
    assert journal_bytes(folder) > 0
    wait_for(lambda: not workers_of(folder, child.pid), 10)


def workers_of(folder: Path, parent: int) -> list[str]:
    """Return the living workers that this process started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[-2:-1] == [str(parent).encode()] and b".pyz" in b"".join(words):
            found.append(path.parent.name)
    return found


def test_two_sweeps_at_once_are_refused(call, write_sweep, folder) -> None:
    write_sweep(SLOW)
    child = start(folder, "run", "small.toml")
    try:
        wait_for(lambda: journal_bytes(folder) > 0)
        said = call("run", "small.toml")
        assert said.status == 3
        assert str(child.pid) in said.err
    finally:
        child.kill()
        child.communicate()


def test_progress_is_plain_lines_in_a_pipe(write_sweep, folder) -> None:
    write_sweep('use = "sim"\ndevice = "\\u001b[31mred"')
    child = start(folder, "run", "small.toml")
    _, err = child.communicate(timeout=60)
    assert child.returncode == 0
    assert all(line.isprintable() for line in err.splitlines())
    assert err.splitlines()[0] == "1 case to measure"


def test_a_terminal_is_left_as_it_was(write_sweep, folder) -> None:
    write_sweep('use = "sim"\nlatency_us = [500.0, 800.0]')
    leader, follower = os.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "tierbench", "run", "small.toml"],
        cwd=folder,
        stderr=follower,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:
            break
        shown += part
    os.close(leader)
    assert child.wait(60) == 0
    assert shown.count(b"\x1b[?25l") == shown.count(b"\x1b[?25h")
    assert b"2 ok" in shown


FLIPPING = """\
name = "flipping"
[[model]]
path = "model.onnx"
[[target]]
use = "sim"
device = "flipping"
heat = 1.3
latency_us = 10000.0
[[target]]
use = "sim"
device = "flipping"
heat = 0.3
latency_us = 11000.0
[workload]
soak_s = 600
"""


def test_a_ranking_that_flips_is_warned_of_before_the_last_line(call, folder) -> None:
    (folder / "flipping.toml").write_text(FLIPPING)
    said = call("run", "flipping.toml")
    assert said.status == 0
    *_, warning, last = said.err.splitlines()
    assert warning.startswith("warning: the ranking of model single stream batch 1")
    assert last.startswith("run ")
    assert "2 finalists under sustained load, 600 s each after a rest" in said.err
    table = call("results")
    assert warning in table.out
