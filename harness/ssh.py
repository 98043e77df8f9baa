"""Workers of another machine, started and fed by OpenSSH's ``ssh``."""

from __future__ import annotations

import select
import signal
import subprocess
from pathlib import Path
from typing import IO

from .formats import inspect_model, model_files
from .local import signal_name
from .pack import pack
from .remote import Remote
from .ssh_connection import START_LIMIT_S, Connection

ENDED_BY_SSH = 255
"""The status by which ssh tells of its own failure."""


class Ssh:
    """A Python on another machine."""

    closing_s = 3.0

    def __init__(self, name: str) -> None:
        """Take the interpreter's name, ``ssh://[user@]host[:port]/path``.

        Raises:
            InputError: it is none.
        """
        self._remote = Remote.parse(name)
        self._name = name
        self._connection: Connection | None = None

    def start(
        self, modules: tuple[str, ...], printed: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a worker on the other machine, sent there if need be.

        Raises:
            TargetUnavailable: no connection, or no Python there.
            WorkerError: the worker cannot be sent.
        """
        connection = self._connected()
        worker = connection.push([pack(modules)])
        arguments = ("-B", worker, "0", connection.lifeline)
        child = connection.run(arguments, printed)
        _await_first_word(child)  # a server refuses too many that log in at once
        return child

    def place(self, artifact: Path) -> str:
        """Return where a file lies there, sent with the weights beside it if need be.

        Raises:
            WorkerError: it cannot be sent.
        """
        sent = [artifact]
        if artifact.suffix.lower() == ".onnx":  # the one format that has any
            sent = model_files(artifact, inspect_model(artifact))
        return self._connected().push(sent)

    def end(self, status: int) -> str:
        """Return how a worker ended: the shell there adds 128 to a signal's number."""
        if 128 < status < 128 + signal.NSIG:
            return f"was ended by {signal_name(status - 128)} or ended with {status}"
        return f"ended with status {status}"

    def loss(self, status: int | None) -> str | None:
        """Return how the link was lost, or None where it stands."""
        if status not in (None, ENDED_BY_SSH, -signal.SIGKILL):
            return None
        connection = self._connection
        if connection is None or connection.answers():
            return None
        connection.close()
        return connection.words or "it does not answer"

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Connection.to(self._remote, self._name)
        return self._connection


def reconnect(name: str) -> bool:
    """Connect to a Python's machine again; return whether it ran on meanwhile.

    Raises:
        TargetUnavailable: it does not answer.
    """
    return Connection.again(Remote.parse(name), name)


def _await_first_word(child: subprocess.Popen[bytes]) -> None:
    assert child.stdout is not None
    poll = select.poll()
    poll.register(child.stdout, select.POLLIN)
    poll.poll(START_LIMIT_S * 1000)
