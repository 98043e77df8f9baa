"""Where a device keeps what it made of a model: engines, contexts, programs.

An artifact is named by a hash of all that it depends on, so that one made by another
version or in another power mode is never taken for it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from .session import SessionError


def folder() -> str:
    """Return the folder, made if need be, under the user's cache (XDG).

    Raises:
        SessionError: it cannot be made.
    """
    home = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(home):
        home = os.path.expanduser("~/.cache")
    path = os.path.join(home, "tierbench", "artifacts")
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as exc:
        raise SessionError(
            f"folder {path!r} cannot be made: {exc.strerror}; set XDG_CACHE_HOME"
        ) from exc
    return path


def path_of(model: str, depends_on: Mapping[str, Any], suffix: str) -> str:
    """Return where the artifact of a model lies, whether it is made yet or not.

    Args:
        model: the model file, of which the content counts.
        depends_on: whatever else it depends on, as JSON values.
        suffix: the end of its name, as ``.engine``.

    Raises:
        SessionError: the model cannot be read, or the folder cannot be made.
    """
    key = {"model": _sha256(model), **depends_on}
    text = json.dumps(key, sort_keys=True).encode()
    return os.path.join(folder(), hashlib.sha256(text).hexdigest()[:32] + suffix)


def keep(path: str, content: Any) -> None:
    """Write an artifact so that a reader sees all of it or none.

    Args:
        path: where ``path_of`` puts it.
        content: anything with the buffer interface.

    Raises:
        SessionError: it cannot be written.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except OSError as exc:
        raise SessionError(
            f"artifact {path!r} cannot be written: {exc.strerror}; free some space"
        ) from exc


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                digest.update(chunk)
    except OSError as exc:
        raise SessionError(f"model {path!r} cannot be read: {exc.strerror}") from exc
    return digest.hexdigest()
