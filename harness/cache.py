"""Where files lie that can be made again."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import InfrastructureError


def cache_folder(purpose: str) -> Path:
    """Return a folder for one purpose under the user's cache, made if need be.

    The place follows the XDG Base Directory Specification, which ignores a relative
    path.

    Raises:
        InfrastructureError: the folder cannot be made.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not home.is_absolute():
        home = Path("~/.cache").expanduser()
    folder = home / "tierbench" / purpose
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise InfrastructureError(
            f"cache folder {str(folder)!r} cannot be made: {exc.strerror}; "
            "set XDG_CACHE_HOME to a folder that can be written"
        ) from exc
    return folder


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or none.

    Raises:
        InfrastructureError: the file cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(content)
            os.replace(temporary, path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise InfrastructureError(
            f"cache file {str(path)!r} cannot be written: {exc.strerror}; free some "
            "space, or set XDG_CACHE_HOME to a folder that can be written"
        ) from exc
