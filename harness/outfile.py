"""A file that a command writes for its user: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from .errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Give a UTF-8 file that takes the place of ``path`` once all is written.

    What is no regular file, as a pipe or ``/dev/stdout``, is written to as it is.

    Raises:
        InputError: the file cannot be written; what was there before still is.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8", newline="") as file:
                yield file
            return
        place = Path(os.path.realpath(path))  # a link stays one
        draft = place.with_name(f".tierbench-{os.getpid()}.part")
        try:
            with draft.open("w", encoding="utf-8", newline="") as file:
                yield file
            draft.replace(place)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise
    except OSError as exc:
        raise InputError(
            f"{str(path)!r} cannot be written: {exc.strerror or exc}; give a writable "
            "file in an existing folder with --out"
        ) from exc
