"""A second host: a network namespace with its own sshd, clock and Python.

It shares the file system and the processor with this machine; its network, its
monotonic clock and its user's cache are its own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

AHEAD_S = 5_000_000
"""How far the board's monotonic clock is ahead of this machine's."""

NEEDED = ("ssh", "ssh-keygen", "ip", "unshare")
SSHD = "/usr/sbin/sshd"

SSHD_CONFIG = """\
ListenAddress {address}:22
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile {folder}/sshd.pid
PermitRootLogin yes
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv XDG_CACHE_HOME={folder}/cache
"""

SSH_CONFIG = """\
Host board
  HostName {address}
  User root
  IdentityFile {folder}/user_key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
"""


def why_not() -> str | None:
    """Return what is missing for a board, or None."""
    if os.geteuid() != 0:
        return "a network namespace needs root"
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    lacking += [] if Path(SSHD).exists() else ["sshd"]
    if lacking:
        return f"no {', '.join(lacking)}: apt-get install openssh-server iproute2"
    tried = subprocess.run(
        ["unshare", "--net", "--time", "--monotonic", "1", "--fork", "true"],
        capture_output=True,
    )
    return None if tried.returncode == 0 else "namespaces are not allowed here"


@dataclass(frozen=True)
class Board:
    """A running second host, known to ``ssh`` as ``board``."""

    folder: Path
    address: str
    namespace: str

    @property
    def pushed(self) -> list[Path]:
        """Return the files that were sent there."""
        found = (self.folder / "cache" / "tierbench" / "pushed").glob("*/**/*")
        return sorted(path for path in found if path.is_file())

    def pids(self, word: str) -> list[int]:
        """Return the ids of the board's processes with a word in their commands."""
        named = subprocess.run(
            ["ip", "netns", "pids", self.namespace], capture_output=True, text=True
        )
        return [pid for pid in map(int, named.stdout.split()) if word in _command(pid)]

    def cut(self) -> None:
        """Pull the network cable."""
        self._inside("ip", "link", "set", "eth0", "down")

    def mend(self) -> None:
        """Put the cable back."""
        self._inside("ip", "link", "set", "eth0", "up")

    def _inside(self, *command: str) -> None:
        _ip("netns", "exec", self.namespace, *command)


@contextmanager
def running_board(folder: Path) -> Iterator[Board]:
    """Run a second host, and put an ``ssh`` that knows it into ``folder/bin``."""
    number = os.getpid() % 16384
    namespace, here = f"board{number}", f"tb{number}"
    subnet = f"10.214.{number >> 6 & 255}"
    first = (number & 63) * 4
    address = f"{subnet}.{first + 2}"
    board = Board(folder=folder, address=address, namespace=namespace)
    _make_keys(folder, address)
    (folder / "cache").mkdir()
    _ip("netns", "add", namespace)
    try:
        _ip("link", "add", here, "type", "veth", "peer", "eth0", "netns", namespace)
        _ip("addr", "add", f"{subnet}.{first + 1}/30", "dev", here)
        _ip("link", "set", here, "up")
        board._inside("ip", "addr", "add", f"{address}/30", "dev", "eth0")
        board._inside("ip", "link", "set", "lo", "up")
        board.mend()
        sshd = _start_sshd(board)
        try:
            yield board
        finally:
            for pid in board.pids(""):
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)
            sshd.wait()
    finally:
        subprocess.run(["ip", "link", "del", here], capture_output=True)
        _ip("netns", "del", namespace)


def _make_keys(folder: Path, address: str) -> None:
    for name in ("host_key", "user_key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
        subprocess.run(command, check=True)
    key = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text(f"{address} {key}")
    for name, text in (("sshd_config", SSHD_CONFIG), ("ssh_config", SSH_CONFIG)):
        (folder / name).write_text(text.format(folder=folder, address=address))
    # ssh looks for its configuration in the home of the password file alone.
    program = folder / "bin" / "ssh"
    program.parent.mkdir()
    real = shutil.which("ssh")
    program.write_text(f'#!/bin/sh\nexec {real} -F {folder}/ssh_config "$@"\n')
    program.chmod(0o755)


def _start_sshd(board: Board) -> subprocess.Popen[bytes]:
    Path("/run/sshd").mkdir(exist_ok=True)
    clock = ["unshare", "--time", "--monotonic", str(AHEAD_S), "--fork"]
    config = board.folder / "sshd_config"
    server = [SSHD, "-D", "-e", "-f", config]
    with (board.folder / "sshd.log").open("wb") as log:
        sshd = subprocess.Popen(
            ["ip", "netns", "exec", board.namespace, *clock, *server], stderr=log
        )
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection((board.address, 22), timeout=1).close()
            return sshd
        except OSError:
            if sshd.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((board.folder / "sshd.log").read_text()) from None
            time.sleep(0.1)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr}")


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
    return ""
