"""What the host runs on another machine before any worker is there.

Its source goes on the command line of that machine's Python, so it imports nothing of
ours::

    hold SECONDS     keep a lifeline until the host was not heard for so long
    take MANIFEST    receive files, named by their sha256, that are not there yet

A lifeline is a named pipe that this process holds open: a worker ends when it is let
go, see ``lifeline``. What is received lies under ``tierbench/pushed`` in the user's
cache folder, as the XDG Base Directory Specification has it.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import sys
import tempfile
from typing import Any

CHUNK_BYTES = 1 << 20


def hold(silence_s: float) -> None:
    """Hold the lifeline until standard input closes or the host falls silent.

    The host sends a byte now and then.
    """
    folder = tempfile.mkdtemp(prefix="tierbench-")
    path = os.path.join(folder, "lifeline")
    try:
        os.mkfifo(path, 0o600)
        os.open(path, os.O_RDWR)  # closed by the end of this process, however it ends
        tell({"lifeline": path, "boot_id": boot_id()})
        while select.select([0], [], [], silence_s)[0] and os.read(0, 4096):
            pass
    finally:
        os.unlink(path)
        os.rmdir(folder)


def boot_id() -> str | None:
    """Return what Linux makes up anew at each start of the machine."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return None


def take(manifest: dict[str, Any]) -> None:
    """Tell where the files will lie and which are missing, then receive those."""
    folder = os.path.join(cache(), "tierbench", "pushed", manifest["folder"])
    missing = [
        (name, size, sha256)
        for name, size, sha256 in manifest["files"]
        if digest(inside(folder, name)) != sha256
    ]
    tell({"folder": folder, "missing": [name for name, _, _ in missing]})
    for name, size, sha256 in missing:
        receive(inside(folder, name), size, sha256)
    tell({"taken": True})


def cache() -> str:
    """Return the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return home if os.path.isabs(home) else os.path.expanduser("~/.cache")


def inside(folder: str, name: str) -> str:
    """Return a file's path, which must not lead out of the folder."""
    path = os.path.normpath(os.path.join(folder, name))
    if not path.startswith(folder + os.sep):
        sys.exit(f"file name {name!r} leads out of its folder")
    return path


def digest(path: str) -> str | None:
    """Return the sha256 of a file's content, None where there is none."""
    found = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for chunk in iter(lambda: file.read(CHUNK_BYTES), b""):
                found.update(chunk)
    except OSError:
        return None
    return found.hexdigest()


def receive(path: str, size: int, sha256: str) -> None:
    """Write a file that appears whole or not at all."""
    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "wb") as file:
            left = size
            while left:
                chunk = os.read(0, min(left, CHUNK_BYTES))
                if not chunk:
                    sys.exit(f"{path} was cut short")
                file.write(chunk)
                left -= len(chunk)
            file.flush()
            os.fsync(file.fileno())
        if digest(temporary) != sha256:
            sys.exit(f"{path} arrived with another content than was sent")
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def tell(answer: dict[str, Any]) -> None:
    """Write one line of JSON."""
    os.write(1, json.dumps(answer).encode() + b"\n")


def main(arguments: list[str]) -> None:
    """Do what the first argument says; one line on standard error tells a failure."""
    try:
        if arguments[0] == "hold":
            hold(float(arguments[1]))
        else:
            take(json.loads(arguments[1]))
    except OSError as exc:
        sys.exit(f"{exc.filename or 'the disk'}: {exc.strerror or exc}")


if __name__ == "__main__":
    main(sys.argv[1:])
