"""A connection to another machine by OpenSSH's ``ssh``, shared by all that goes there.

What host keys are trusted, which key logs in and how a host is reached is for the
user's ssh configuration to say. Nothing is asked: a question is a failure. Where the
server allows no more sessions in a connection (MaxSessions), ssh connects anew by
itself; see ssh_config(5), ControlMaster.

The connection's own session holds the lifeline of all workers, see
``tierbench.harness.device.board``.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, ClassVar

from .errors import LinkLost, TargetUnavailable, WorkerError
from .hashing import file_sha256
from .pipe import DeadlineReader, DeadlineWriter, PipeTimeout, last_words
from .remote import Remote

CONNECT_S = 10
BEAT_S = 5.0
"""How often the other side is told that this one is there."""

SILENCE_S = 20.0
"""After so long without a word the workers there end."""

ALIVE_S, ALIVE_COUNT = 5, 3
"""A link that does not answer is given up after so many questions so far apart."""

OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": CONNECT_S,
    "ServerAliveInterval": ALIVE_S,
    "ServerAliveCountMax": ALIVE_COUNT,
    "ControlPersist": "no",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "ClearAllForwardings": "yes",
    "PermitLocalCommand": "no",
    "RemoteCommand": "none",
    "RequestTTY": "no",
}
START_LIMIT_S = 60.0
STALL_LIMIT_S = 60.0
"""How long the other side may take for a megabyte, or to look for what it has."""

ANSWER_LIMIT_S = 5.0
CHUNK_BYTES = 1 << 20
CLOSE_LIMIT_S = 2.0
LINE_LIMIT = 1 << 20
REMEDY = "`ssh` must log in there without a question; see docs/ssh.md"

NO_PYTHON = "give the path of a Python of version 3.9 or later on that machine"
NOT_RUN = (126, 127)
"""The statuses by which a shell tells that a program cannot be run."""


class Connection:
    """One connection to a machine, and what was sent over it."""

    _open: ClassVar[dict[Remote, Connection]] = {}
    _boots: ClassVar[dict[str, str | None]] = {}
    _opening: ClassVar[dict[Remote, threading.Lock]] = {}
    _places: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, remote: Remote, name: str) -> None:
        """Connect, and hold the workers' lifeline from now on.

        Raises:
            TargetUnavailable: ssh cannot connect, or there is no such Python.
        """
        self._remote = remote
        self._sent: dict[tuple[Any, ...], str] = {}
        self._sending = threading.Lock()
        self._ended = threading.Event()
        self._words = ""
        # A socket's path is short, whatever folder is for temporary files.
        self._folder = Path(tempfile.mkdtemp(prefix="tierbench-", dir="/tmp"))
        self._printed: IO[bytes] = tempfile.TemporaryFile("ab+")  # noqa: SIM115
        self._master: subprocess.Popen[bytes] | None = None
        try:
            hold = ("-c", _board(), "hold", str(SILENCE_S))
            self._master = self.run(hold, self._printed, control="yes")
            told = _answer(_reader(self._master), START_LIMIT_S)
            self.lifeline = str(told["lifeline"])
            self.boot_id: str | None = told.get("boot_id")
        except (WorkerError, KeyError) as exc:
            self.close()
            reason = f"ssh to {remote.machine}: {self._words or exc}"
            remedy = NO_PYTHON if self._status in NOT_RUN else REMEDY
            raise TargetUnavailable(name, reason, remedy) from exc
        except BaseException:
            self.close()
            raise
        threading.Thread(target=self._beat, daemon=True).start()

    @classmethod
    def to(cls, remote: Remote, name: str) -> Connection:
        """Return the connection to a Python's machine, made if there is none.

        Raises:
            TargetUnavailable: ssh cannot connect, or there is no such Python.
            LinkLost: the machine was started anew since the first connection: what
                was measured before is of other clocks, see ``reconnect``.
        """
        found = cls._to(remote, name)
        if cls._boots.setdefault(remote.machine, found.boot_id) != found.boot_id:
            raise LinkLost(f"{remote.machine} was started anew meanwhile")
        return found

    @classmethod
    def again(cls, remote: Remote, name: str) -> bool:
        """Connect where need be; return whether the machine ran on since the last time.

        Raises:
            TargetUnavailable: ssh cannot connect, or there is no such Python.
        """
        now = cls._to(remote, name).boot_id
        before = cls._boots.get(remote.machine, now)
        cls._boots[remote.machine] = now
        return before == now

    @classmethod
    def _to(cls, remote: Remote, name: str) -> Connection:
        with cls._places:
            opening = cls._opening.setdefault(remote, threading.Lock())
        with opening:  # a machine out of reach keeps nobody from another one
            found = cls._open.get(remote)
            if found is None or found.ended:
                if found is not None:
                    found.close()
                found = cls._open[remote] = cls(remote, name)
            return found

    @classmethod
    def close_all(cls) -> None:
        """Let go of every machine, and forget it."""
        while cls._open:
            cls._open.popitem()[1].close()
        cls._boots.clear()

    @property
    def ended(self) -> bool:
        """Return whether it is known to have ended."""
        return self._ended.is_set() or self._child.poll() is not None

    @property
    def words(self) -> str:
        """Return the last that ssh said of the connection."""
        return self._words or last_words(self._printed)

    @property
    def _status(self) -> int | None:
        return None if self._master is None else self._master.poll()

    def run(
        self, arguments: Sequence[str], printed: IO[bytes], control: str = "no"
    ) -> subprocess.Popen[bytes]:
        """Run the Python there; its status is told, 128 more than a signal's number.

        Raises:
            TargetUnavailable: there is no ``ssh`` here.
        """
        options = {"ControlMaster": control, **OPTIONS}
        there = shlex.join([self._remote.python, *arguments])
        command = [
            "ssh",
            *(f"-o{key}={value}" for key, value in options.items()),
            *("-S", str(self._folder / "link"), *self._remote.destination),
            f"{there}; exit",  # the shell stays, and turns a signal into a status
        ]
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=printed,
                start_new_session=True,
            )
        except OSError as exc:
            reason = f"the program ssh cannot be started: {exc.strerror}"
            remedy = "install OpenSSH's client"
            raise TargetUnavailable(self._remote.machine, reason, remedy) from exc

    def push(self, paths: Sequence[Path]) -> str:
        """Send files that are not there yet; return where the first one lies.

        They keep their places beside one another.

        Raises:
            WorkerError: they cannot be sent.
        """
        found = [path.stat() for path in paths]
        key = (*paths, *((one.st_size, one.st_mtime_ns) for one in found))
        with self._sending:
            if key not in self._sent:
                self._sent[key] = self._push(paths)
            return self._sent[key]

    def answers(self) -> bool:
        """Return whether the machine answers at once."""
        if self.ended:
            return False
        with tempfile.TemporaryFile("ab+") as printed:
            asked = self.run(("-c", "pass"), printed)
            try:
                return asked.wait(timeout=ANSWER_LIMIT_S) == 0
            except subprocess.TimeoutExpired:
                return False
            finally:
                _end(asked)

    def close(self) -> None:
        """Let the workers go and end; never raises."""
        self._ended.set()
        if not self._printed.closed:
            if self._master is not None:
                _end(self._master, CLOSE_LIMIT_S)
            self._words = last_words(self._printed)
            self._printed.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _child(self) -> subprocess.Popen[bytes]:
        assert self._master is not None
        return self._master

    def _push(self, paths: Sequence[Path]) -> str:
        root = paths[0].parent
        entries = [
            (str(path.relative_to(root)), path.stat().st_size, file_sha256(path))
            for path in paths
        ]
        # A name is part of it: what lies beside a model is found by its name.
        folder = hashlib.sha256(json.dumps(entries).encode()).hexdigest()
        manifest = json.dumps({"folder": folder, "files": entries})
        with tempfile.TemporaryFile("ab+") as printed:
            taker = self.run(("-B", "-c", _board(), "take", manifest), printed)
            try:
                return f"{_give(taker, root)}/{entries[0][0]}"
            except (WorkerError, OSError) as exc:
                what = f"{paths[0].name!r} cannot be sent to {self._remote.machine}"
                if not self.answers():
                    raise LinkLost(f"{what}: the link was lost: {self.words}") from exc
                raise WorkerError(f"{what}: {last_words(printed) or exc}") from exc
            finally:
                _end(taker)

    def _beat(self) -> None:
        """Let the other side know that this one is there."""
        pipe = self._child.stdin
        assert pipe is not None
        with suppress(OSError, ValueError):  # closed
            while not self._ended.wait(BEAT_S):
                pipe.write(b".")
                pipe.flush()


def _give(taker: subprocess.Popen[bytes], root: Path) -> str:
    """Send what the other side has not got; return the folder where all lies."""
    assert taker.stdin is not None
    reader, writer = _reader(taker), DeadlineWriter(taker.stdin.fileno())
    told = _answer(reader, STALL_LIMIT_S)
    for name in told["missing"]:
        with (root / name).open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                writer.deadline = time.monotonic() + STALL_LIMIT_S
                try:
                    writer.write(chunk)
                except PipeTimeout:
                    raise WorkerError("nothing more was taken") from None
    _answer(reader, STALL_LIMIT_S)
    return str(told["folder"])


def _answer(reader: DeadlineReader, limit_s: float) -> dict[str, Any]:
    """Return one line of JSON."""
    reader.deadline = time.monotonic() + limit_s
    try:
        line = reader.readline(LINE_LIMIT)
    except PipeTimeout:
        raise WorkerError(f"no answer within {limit_s:g} s") from None
    try:
        told = json.loads(line)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise WorkerError(
            f"it answered {line[:60]!r}: does its shell print something at login?"
            if line
            else "it answered nothing"
        )
    return told


def _reader(child: subprocess.Popen[bytes]) -> DeadlineReader:
    assert child.stdout is not None
    return DeadlineReader(child.stdout.fileno())


def _end(child: subprocess.Popen[bytes], limit_s: float = 0.0) -> None:
    """Close a child's pipes and end it."""
    for pipe in (child.stdin, child.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()
    with suppress(subprocess.TimeoutExpired):
        child.wait(timeout=limit_s)
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


@cache
def _board() -> str:
    return files(__package__).joinpath("device", "board.py").read_text("utf-8")


atexit.register(Connection.close_all)
