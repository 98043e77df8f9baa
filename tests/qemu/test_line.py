"""What our firmware says on the serial line, to the letter."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.emulated import built, need_qemu, started
from support.int8_networks import Network

from tierbench.harness.errors import CaseError, WorkerDied
from tierbench.targets.cortex_m_qemu.board import Board
from tierbench.targets.cortex_m_qemu.emulator import Emulator

MACHINE = "mps2-an386"
INPUT_BYTES = 40


@pytest.fixture(scope="module")
def elf(tmp_path_factory) -> Path:
    need_qemu()
    net = Network((1, INPUT_BYTES))
    net.weighed("FULLY_CONNECTED", "FullyConnectedOptions", (3, INPUT_BYTES), (1, 3))
    return built(net.write(tmp_path_factory.mktemp("m") / "m.tflite"), MACHINE).path


@pytest.fixture(scope="module")
def pair(elf) -> Iterator[tuple[Emulator, Board]]:
    with started(MACHINE, elf) as found:
        yield found


@pytest.fixture
def board(pair) -> Board:
    return pair[1]


def test_it_greets(board) -> None:
    mode, lap, done = board.banner
    assert mode == "m-timestamp-mode-performance"
    assert lap.startswith("m-lap-us-")
    assert done == "m-init-done"


def test_it_names_itself(board) -> None:
    assert board.ask("name") == ["m-name-dut-[tierbench-emulated]"]
    assert board.ask("profile") == [
        "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
        "m-model-[tierbench]",
    ]
    assert board.ask("timestamp")[0].startswith("m-lap-us-")
    assert len(board.ask("help")) > 3


def test_it_holds_what_it_was_sent(board) -> None:
    data = bytes(range(200, 200 + INPUT_BYTES))
    board.load(data)
    lines = board.ask("db print")
    assert lines[0] == "m-buffer-c8-c9-ca-cb-cc-cd-ce-cf"
    told = "".join(line.removeprefix("m-buffer-").replace("-", "") for line in lines)
    assert bytes.fromhex(told) == data


def test_loading_over_the_line_is_writing_memory(pair) -> None:
    emulator, board = pair
    data = bytes((7 * i) % 256 for i in range(INPUT_BYTES))
    board.load(data)
    over_line = board.infer(counted=False).results, board.outputs()
    board.load(bytes(INPUT_BYTES))
    assert (board.infer(counted=False).results, board.outputs()) != over_line
    emulator.write_input(data)
    assert (board.infer(counted=False).results, board.outputs()) == over_line


def test_inferring_twice_changes_nothing(board) -> None:
    lines = board.ask("infer 3 2")
    assert lines[:3] == ["m-warmup-start-2", "m-warmup-done", "m-infer-start-3"]
    assert lines[5] == "m-infer-done"
    assert lines[6] == board.ask("results")[0]
    assert lines[6] == board.ask("infer 1 0")[6]


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("sing", "e-[Unknown command: sing]"),
        ("infer 0", "e-[Inference iterations must be >0]"),
        ("infer 1 -1", "e-[Inference warmup must be >=0]"),
        ("db", "e-[Command 'db' requires a subcommand]"),
        ("db load", "e-[Command 'db load' requires the # of bytes]"),
        ("db load 0", "e-[Command 'db load' must be >0 bytes]"),
        ("db load -5", "e-[Command 'db load' must be >0 bytes]"),
        ("db 0", "e-[Insufficent number of hex digits]"),
        ("db zz", "e-[Invalid hex digit 'zz']"),
        ("x" * 200, f"e-[Unknown command: {'x' * 80}]"),
    ],
)
def test_it_says_what_is_wrong(board, command, reply) -> None:
    with pytest.raises(CaseError) as told:
        board.ask(command)
    assert reply in str(told.value)
    assert board.ask("name") == ["m-name-dut-[tierbench-emulated]"]


def test_more_bytes_than_fit_do_no_harm(board) -> None:
    assert board.ask("db load 99999") == [
        f"Supplied buffer size 99999 exceeds maximum of {INPUT_BYTES}"
    ]
    board.ask("db load 1")
    assert board.ask("db 0102") == ["m-load-done"]
    with pytest.raises(CaseError, match="More bytes"):
        board.ask("db 03")


def test_its_clock_counts_instructions(pair) -> None:
    _, board = pair
    count = board.infer(counted=True).instructions
    lines = board.ask("infer 1000 0")
    first, last = (int(line.removeprefix("m-lap-us-")) for line in lines[3:5])
    assert abs((last - first) - count) <= 0.02 * count  # a loop lies between


def test_a_killed_emulator_is_an_error(elf) -> None:
    with started(MACHINE, elf) as (emulator, board):
        os.kill(emulator._child.pid, signal.SIGKILL)
        with pytest.raises(WorkerDied):
            board.ask("name")


def test_no_emulator_outlives_a_killed_process(elf) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from tierbench.targets.cortex_m_qemu.elf import read_elf\n"
        "from tierbench.targets.cortex_m_qemu.emulator import Emulator\n"
        "path = Path(sys.argv[1]); e = Emulator(sys.argv[2], path, read_elf(path))\n"
        "print(e._child.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(elf), MACHINE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        pid = int(child.stdout.readline())
        os.kill(pid, 0)
        child.kill()
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or _is_zombie(pid):
            return
        time.sleep(0.1)
    pytest.fail("it is still there")


def _is_zombie(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
