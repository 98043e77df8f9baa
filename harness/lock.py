"""Let one process at a time make a file that several may want."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import InfrastructureError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock beside a file; wait while another process has it.

    The system takes the lock away from a process that ends, however it ends.

    Raises:
        InfrastructureError: the folder cannot be written.
    """
    place = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = _take(place)
    except OSError as exc:
        raise InfrastructureError(
            f"cache folder {str(path.parent)!r} cannot be written: "
            f"{exc.strerror or exc}; give a folder that can be written to"
        ) from exc
    try:
        yield
    finally:
        with suppress(OSError):
            place.unlink()
        os.close(held)


def _take(place: Path) -> int:
    while True:
        descriptor = os.open(place, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Who had it before may have removed the file: then it locks nobody out.
            with suppress(FileNotFoundError):
                if os.fstat(descriptor).st_ino == place.stat().st_ino:
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
