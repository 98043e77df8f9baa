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
        model: the model file, of which the content counts, and that of the files
            beside it which it names: its weights.
        depends_on: whatever else it depends on, as JSON values.
        suffix: the end of its name, as ``.engine``.

    Raises:
        SessionError: the model cannot be read, or the folder cannot be made.
    """
    files = {name: _sha256(path) for name, path in _beside(model)}
    key = {"model": _sha256(model), "beside": files, **depends_on}
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


def _beside(model: str) -> list[tuple[str, str]]:
    """Return the names and paths of the files beside a model that it names."""
    own, content = os.path.basename(model), _read(model)
    directory = os.path.dirname(os.path.abspath(model))
    return [
        (name, os.path.join(directory, name))
        for name in sorted(os.listdir(directory))
        if name != own
        and name.encode() in content
        and os.path.isfile(os.path.join(directory, name))
    ]


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as exc:
        raise SessionError(f"model {path!r} cannot be read: {exc.strerror}") from exc


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                digest.update(chunk)
    except OSError as exc:
        raise SessionError(f"model {path!r} cannot be read: {exc.strerror}") from exc
    return digest.hexdigest()
