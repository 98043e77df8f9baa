"""A sweep on a second host: what is sent there, what comes home, and a pulled cable."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.meter_trees import orin_nx
from support.plans import write_model
from support.ssh_board import AHEAD_S, Board
from support.sysfs_tree import processor, write_tree, zone

from tierbench.harness import reconnecting, ssh_connection
from tierbench.harness.cli import main
from tierbench.harness.errors import WorkerDied, WorkerTimeout
from tierbench.harness.process import Process, transport
from tierbench.harness.results import row
from tierbench.harness.ssh_connection import Connection
from tierbench.harness.store import Store
from tierbench.harness.values import Result

SWEEP = """\
name = "on a board"
[[model]]
path = "model.onnx"
[[target]]
use = "host-onnxruntime"
python = "ssh://board{python}"
"""
METER = """\
[[meter]]
use = "jetson"
root = "{root}"
"""
HERE = f"ssh://board{sys.executable}"
"""This Python, which the board shares."""

WEIGHTS = "weights.bin"
ENDED = ("ok", "not_converged")
MODULE_W = 10.0
OUTAGE_S = 6.0


@pytest.fixture
def impatient(board: Board, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a link up after 3 s instead of 15 on both sides: the outages are short."""
    Connection.close_all()
    monkeypatch.setitem(ssh_connection.OPTIONS, "ServerAliveInterval", 1)
    monkeypatch.setitem(ssh_connection.OPTIONS, "ConnectTimeout", 1)
    monkeypatch.setattr(ssh_connection, "BEAT_S", 1.0)
    monkeypatch.setattr(ssh_connection, "SILENCE_S", 4.0)
    yield
    board.mend()
    Connection.close_all()


def run(folder: Path, text: str, store: str = "results.db") -> Result:
    """Run a sweep with one case and return its result."""
    if not (folder / "model.onnx").exists():
        write_model(folder)
    (folder / "sweep.toml").write_text(text)
    url = f"sqlite:///{folder / store}"
    main(["run", str(folder / "sweep.toml"), "--store", url])
    with Store.open(url, create=False) as opened:
        (run,) = opened.runs()
        (result,) = opened.results(run.id)
    return result


def await_journal(folder: Path, size: int) -> None:
    """Wait until a run has measured so much that its journal is so large."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = list((folder / "journal").glob("*.journal"))
        if found and found[0].stat().st_size > size:
            return
        time.sleep(0.01)
    raise AssertionError("the run measured nothing")


def write_external(folder: Path) -> Path:
    """Write a model whose weights lie beside it."""
    import onnx

    folder.mkdir()
    model = onnx.load(write_model(folder, "inside.onnx"))
    for tensor in model.graph.initializer:  # only raw bytes can lie outside
        values = onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    onnx.save(
        model,
        folder / "model.onnx",
        save_as_external_data=True,
        location=WEIGHTS,
        size_threshold=0,
    )
    return folder / "model.onnx"


def during(folder: Path, act: Callable[[], None], size: int = 40_000) -> None:
    """Do something in the middle of the run that comes next."""

    def wait() -> None:
        await_journal(folder, size)
        act()

    threading.Thread(target=wait, daemon=True).start()


def test_a_sweep_runs_there_and_its_results_come_home(
    board: Board, board_python: Path, tmp_path: Path
) -> None:
    root = write_tree(tmp_path / "jetson", {**orin_nx(), **processor(), **zone()})
    text = SWEEP.format(python=board_python) + METER.format(root=root)
    result = run(tmp_path, text)
    assert result.status in ENDED, result.reason
    assert result.case.options["host"] == "board"
    assert "host=board" in result.case.label
    assert result.environment is not None
    assert result.environment.details["python"].startswith("3.10")
    # The board's clock is far ahead: mixed with this one it would show everywhere.
    assert all(0 <= block.offset_ns < 600e9 for block in result.blocks)
    told = row(result)
    assert told["power"]["meter"] == "jetson"
    assert told["power"]["mean_w"] == pytest.approx(MODULE_W)
    assert told["power"]["updates"] >= 50  # so many lie within the busy stretches
    assert told["power"]["clock"]["offset_ms"] == 0
    latency_s = told["latency_ms"]["median"] / 1e3
    energy_j = told["energy_mj"]["gross"] / 1e3
    assert MODULE_W * latency_s < energy_j < 100 * MODULE_W * latency_s
    others = [other["power"]["channel"] for other in told["energy_mj"]["others"]]
    assert others == ["VDD_CPU_GPU_CV", "VDD_SOC"]

    there = {path: path.stat().st_mtime_ns for path in board.pushed}
    sent = {path.suffix for path in there}
    assert ".pyz" in sent  # the worker
    model = (tmp_path / "model.onnx").read_bytes()
    assert sum(path.read_bytes() == model for path in there) == 1
    assert board.pids("pyz") == []

    Connection.close_all()
    again = run(tmp_path, SWEEP.format(python=board_python), "again.db")
    assert again.status in ENDED, again.reason
    assert {path: path.stat().st_mtime_ns for path in board.pushed} == there


def test_a_file_that_was_damaged_there_is_sent_again(board: Board, tmp_path) -> None:
    sent = tmp_path / "some.bin"
    sent.write_bytes(b"content" * 1000)
    there = Path(transport(HERE).place(sent))
    assert there.read_bytes() == sent.read_bytes()
    there.write_bytes(b"rotten")
    Connection.close_all()
    assert Path(transport(HERE).place(sent)) == there
    assert there.read_bytes() == sent.read_bytes()


def test_weights_beside_a_model_come_along(board: Board, tmp_path: Path) -> None:
    model = write_external(tmp_path / "here")
    there = Path(transport(HERE).place(model))
    assert there.read_bytes() == model.read_bytes()
    weights = (there.parent / WEIGHTS).read_bytes()
    assert weights == (model.parent / WEIGHTS).read_bytes()


def test_more_workers_than_a_connection_holds_are_no_trouble(board: Board) -> None:
    """A server allows ten sessions in one connection if not told otherwise."""
    workers = [Process((), HERE) for _ in range(13)]
    assert all(worker.greet()["python"] for worker in workers)
    for worker in workers:
        worker.close()
    await_nobody(board)


def test_a_short_outage_is_survived(board: Board) -> None:
    process = Process((), HERE)
    process.greet()
    board.cut()
    threading.Timer(2.0, board.mend).start()
    reply, _ = process.request("clock", 60.0)
    assert reply["monotonic_ns"] > AHEAD_S * 1e9
    process.close()


def test_a_worker_that_hangs_is_gone_there_too(board: Board) -> None:
    """Nothing of the link is at fault, so it is no loss of the link."""
    process = Process((), HERE)
    process.greet()
    with pytest.raises(WorkerTimeout, match=r"within 0\.2 s"):
        process.request("rest", 0.2, duration_ns=3_600_000_000_000)
    await_nobody(board)
    process.close()


def test_a_worker_that_a_signal_ends_is_told_of_with_its_signal(board: Board) -> None:
    process = Process((), HERE)
    process.greet()
    for pid in board.pids("pyz"):
        if b"-B" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            os.kill(pid, signal.SIGSEGV)  # not the shell that tells how it ended
    with pytest.raises(WorkerDied, match="SIGSEGV"):
        process.request("clock", 10.0)
    process.close()


def test_nothing_stays_there_when_the_host_is_killed(board: Board) -> None:
    code = (
        "import sys, time; from tierbench.harness.process import Process\n"
        f"Process((), {HERE!r}).greet(); print('up', flush=True); time.sleep(600)"
    )
    host = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert host.stdout is not None
    assert host.stdout.readline() == b"up\n"
    assert board.pids("pyz")
    host.kill()
    host.wait()
    host.stdout.close()
    await_nobody(board)


@pytest.mark.usefixtures("impatient")
def test_a_case_is_gone_on_with_when_the_cable_is_back(
    board: Board, board_python: Path, tmp_path: Path
) -> None:
    def pull() -> None:
        board.cut()
        threading.Timer(OUTAGE_S, board.mend).start()

    during(tmp_path, pull)
    result = run(tmp_path, SWEEP.format(python=board_python))
    assert result.status in ENDED, result.reason
    assert len(result.workers) > 3  # those of before, and those started anew
    check_numbers(result)


@pytest.mark.usefixtures("impatient")
def test_a_case_fails_with_the_reason_when_the_cable_stays_out(
    board: Board,
    board_python: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconnecting, "LIMIT_S", 2.0)
    during(tmp_path, board.cut)
    result = run(tmp_path, SWEEP.format(python=board_python))
    assert result.status == "failed"
    assert result.reason is not None
    assert "the link to board was lost during" in result.reason
    assert "not back within 2 s" in result.reason
    assert result.blocks  # what was measured before
    check_numbers(result)
    await_nobody(board)


def check_numbers(result: Result) -> None:
    """Check that no outage is in any number."""
    blocks = [block for block in result.blocks if block.calls]
    ends = [block.offset_ns + block.elapsed_ns for block in blocks]
    starts = [block.offset_ns for block in blocks]
    assert all(0 <= end <= start for end, start in zip(ends, starts[1:], strict=False))
    for block in blocks:
        assert block.elapsed_ns < OUTAGE_S / 2 * 1e9
        for series in block.series:
            if series.quantity == "latency":
                assert np.max(series.values) < OUTAGE_S / 4 * 1e9


def await_nobody(board: Board) -> None:
    """Wait until no worker runs there; the lifeline may take a while."""
    deadline = time.monotonic() + 30
    while board.pids("pyz"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
