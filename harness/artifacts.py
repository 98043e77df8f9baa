"""Files kept by the sha256 of their content: ``ab/cdef...``."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from .errors import StoreError

_SHA256 = re.compile("[0-9a-f]{64}")
_CHUNK_BYTES = 1 << 20


class Artifacts:
    """A folder of files that are found by their content and never change."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        """Keep the folder's name; `put` makes the folder."""
        self.directory = Path(directory)

    def put(self, path: str | os.PathLike[str]) -> str:
        """Copy the file at ``path`` into the folder and return its sha256.

        The copy appears whole or not at all, also through a power loss, and replaces
        one that was damaged. Raise `StoreError` where reading or writing fails.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix="new-", dir=self.directory)
            try:
                with os.fdopen(descriptor, "wb") as copy, open(path, "rb") as source:
                    digest = hashlib.sha256()
                    while chunk := source.read(_CHUNK_BYTES):
                        digest.update(chunk)
                        copy.write(chunk)
                    copy.flush()
                    os.fsync(copy.fileno())
                sha256 = digest.hexdigest()
                place = self._place(sha256)
                place.parent.mkdir(exist_ok=True)
                os.replace(name, place)
            except BaseException:
                os.unlink(name)
                raise
        except OSError as exc:
            raise StoreError(
                f"{str(path)!r} cannot be kept in {str(self.directory)!r}: "
                f"{exc.strerror or exc}; check both and the free disk space"
            ) from exc
        return sha256

    def path(self, sha256: str) -> Path:
        """Return the file with this content, which was read and checked just now.

        Raise `StoreError` where it is absent or damaged, or ``sha256`` is none.
        """
        place = self._place(sha256)
        try:
            with place.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as exc:
            raise StoreError(
                f"artifact {sha256!r} cannot be read from {str(self.directory)!r}: "
                f"{exc.strerror or exc}; build the variant again"
            ) from exc
        if found != sha256:
            raise StoreError(
                f"artifact {str(place)!r} is damaged: its sha256 is {found!r}; "
                "build the variant again"
            )
        return place

    def has(self, sha256: str) -> bool:
        """Return whether the file is there, unread."""
        return self._place(sha256).is_file()

    def _place(self, sha256: str) -> Path:
        # fullmatch: the name becomes a path, so nothing else may pass
        if not _SHA256.fullmatch(sha256):
            raise StoreError(f"{sha256!r} is no sha256; give 64 digits of 0-9 and a-f")
        return self.directory / sha256[:2] / sha256[2:]
