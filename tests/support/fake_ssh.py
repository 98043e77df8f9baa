"""An ``ssh`` that notes its arguments and runs the command on this machine."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tierbench.harness.ssh_connection import Connection

PROGRAM = """\
#!/usr/bin/env python3
import json, os, sys
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps(arguments) + "\\n")
at = arguments.index("--")
host, command = arguments[at + 1 :]
if host == "unreachable":
    sys.exit("ssh: connect to host unreachable port 22: No route to host")
os.environ["XDG_CACHE_HOME"] = {cache!r}
os.execv("/bin/sh", ["sh", "-c", command])
"""


@contextmanager
def fake_ssh(folder: Path) -> Iterator[Path]:
    """Put it first on the path; what it was given stands in the file, a line a call."""
    log, program = folder / "log", folder / "bin" / "ssh"
    program.parent.mkdir()
    text = PROGRAM.format(log=str(log), cache=str(folder / "there"))
    program.write_text(text)
    program.chmod(0o755)
    log.touch()
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{program.parent}:{before}"
    try:
        yield log
    finally:
        Connection.close_all()
        os.environ["PATH"] = before


def calls(log: Path) -> list[list[str]]:
    """Return the arguments of each call so far."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def start_anew() -> None:
    """Let the one machine have been off: ssh ends, and the next start is another."""
    ((remote, connection),) = Connection._open.items()
    Connection._boots[remote.machine] = "an earlier start"
    connection.close()
