"""What ``ssh`` is asked for, and that it takes it; a real one is in tests/ssh."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fake_ssh import calls, fake_ssh, start_anew
from support.plans import write_model

from tierbench.harness import reconnecting
from tierbench.harness.errors import LinkLost, TargetUnavailable, WorkerDied
from tierbench.harness.process import Process, transport
from tierbench.harness.remote import machine_of
from tierbench.harness.ssh import reconnect
from tierbench.harness.ssh_connection import (
    ALIVE_COUNT,
    ALIVE_S,
    OPTIONS,
    SILENCE_S,
    Connection,
)
from tierbench.harness.sweep import parse_sweep
from tierbench.targets.host_onnxruntime import HostOnnxruntime

HERE = f"ssh://me@board:2222{sys.executable}"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    with fake_ssh(tmp_path) as found:
        yield found


def test_a_worker_speaks_through_it(log: Path) -> None:
    process = Process((), HERE)
    assert process.machine == "board:2222"
    assert process.greet()["python"].startswith("3.")
    process.close()


def test_every_call_is_bounded_asks_nothing_and_shares_one_connection(
    log: Path,
) -> None:
    for _ in range(2):
        Process((), HERE).close()
    made = calls(log)
    assert len(made) == 4  # the connection, one worker sent, two started
    for arguments in made:
        assert "-oBatchMode=yes" in arguments
        assert "-oServerAliveInterval=5" in arguments
        assert "-oServerAliveCountMax=3" in arguments
        assert not any("StrictHostKeyChecking" in word for word in arguments)
        assert arguments[-7:-1] == ["-p", "2222", "-l", "me", "--", "board"]
    masters = [words for words in made if "-oControlMaster=yes" in words]
    assert len(masters) == 1
    paths = {words[words.index("-S") + 1] for words in made}
    assert len(paths) == 1
    assert oct(Path(paths.pop()).parent.stat().st_mode)[-3:] == "700"


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh is installed")
def test_the_real_program_knows_every_option() -> None:
    options = [f"-o{key}={value}" for key, value in OPTIONS.items()]
    command = ["ssh", "-G", "-F", "/dev/null", *options, "-S", "/tmp/x", "--", "board"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "batchmode yes" in done.stdout
    assert "serveraliveinterval 5" in done.stdout


def test_what_the_shell_there_sees_is_quoted(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "it's; touch $(evil) `evil`"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    name = f"ssh://board{folder}/python"
    process = Process((), name)
    process.greet()
    process.close()
    for arguments in calls(log):
        assert shlex.split(arguments[-1])[0] == f"{folder}/python"


def test_a_file_is_sent_once_and_checked(log: Path, tmp_path: Path) -> None:
    model = tmp_path / "some model's.bin"
    model.write_bytes(bytes(range(256)) * 10_000)
    there = Path(transport(HERE).place(model))
    assert there.read_bytes() == model.read_bytes()
    assert there.is_relative_to(tmp_path / "there" / "tierbench" / "pushed")
    assert oct(there.stat().st_mode)[-3:] == "600"
    sent = len(calls(log))
    assert Path(transport(HERE).place(model)) == there
    assert len(calls(log)) == sent  # not even asked for
    written = there.stat().st_mtime_ns
    Connection.close_all()
    transport(HERE).place(model)
    assert there.stat().st_mtime_ns == written
    assert list(there.parent.iterdir()) == [there]


def test_a_machine_out_of_reach_is_unavailable_with_ssh_s_words(log: Path) -> None:
    with pytest.raises(TargetUnavailable, match="No route to host") as caught:
        Process((), "ssh://unreachable/usr/bin/python3")
    assert "docs/ssh.md" in caught.value.remedy


def test_a_python_that_is_not_there_is_unavailable(log: Path) -> None:
    with pytest.raises(TargetUnavailable, match="not found") as caught:
        Process((), "ssh://board/nonexistent/python")
    assert "path of a Python" in caught.value.remedy


def test_a_machine_that_takes_no_file_has_no_target(log: Path, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("where its cache folder should be")
    missing = HostOnnxruntime(python=f"ssh://full{sys.executable}").unavailable()
    assert missing is not None
    assert "cannot be sent to full" in missing.reason
    assert "Not a directory" in missing.reason


def test_without_ssh_the_remedy_is_to_install_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TargetUnavailable, match="install OpenSSH's client"):
        Process((), "ssh://board/usr/bin/python3")


def test_a_shell_that_prints_at_login_is_told_of(tmp_path: Path, monkeypatch) -> None:
    chatty = tmp_path / "ssh"
    chatty.write_text("#!/bin/sh\necho welcome to board\nsleep 5\n")
    chatty.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(TargetUnavailable, match="print something at login"):
        Process((), "ssh://board/usr/bin/python3")


def test_a_worker_that_ends_by_itself_is_no_lost_link(log: Path) -> None:
    process = Process((), HERE)
    process.greet()
    os.killpg(process.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        process.request("clock", 5.0)
    process.close()


def test_the_docs_example_is_right(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "ssh.md").read_text("utf-8")
    write_model(tmp_path)
    (example,) = re.findall("```toml\n(.*?)```", text, re.DOTALL)
    sweep = parse_sweep(example, "docs", tmp_path)
    machines = [machine_of(target.python) for target in sweep.targets]
    assert machines == ["raspberrypi.local", "orin"]


def test_the_docs_tell_the_limits() -> None:
    text = (Path(__file__).parents[2] / "docs" / "ssh.md").read_text("utf-8")
    assert f"does not answer for {ALIVE_S * ALIVE_COUNT} s" in text
    assert f"end {SILENCE_S:g} s after" in text
    assert reconnecting.LIMIT_S == 120  # two minutes


def test_a_machine_that_was_started_anew_is_known(log: Path) -> None:
    Process((), HERE).close()
    assert reconnect(HERE)
    start_anew()
    with pytest.raises(LinkLost, match="board:2222 was started anew"):
        Process((), HERE)
    assert not reconnect(HERE)
    Process((), HERE).close()  # who knows of it may go on
    assert reconnect(HERE)
