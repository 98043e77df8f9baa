"""One row of a published table, read cell by cell; all that is wrong is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from urllib.parse import urlsplit

TEXT_MAX = 2000
NUMBER_MAX = 1e18
_SHOWN = 60


class Cells:
    """The cells of one row; ``problems`` gathers what is wrong with those asked for."""

    def __init__(self, row: Mapping[str, object]) -> None:
        """Keep a row: texts from CSV, any plain value from JSON."""
        self._row = row
        self.problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without ``default`` an empty one is a problem."""
        value = self._row.get(name)
        found = "" if value is None else str(value).strip()
        if len(found) > TEXT_MAX:
            self._wrong(name, f"holds {len(found)} characters; {TEXT_MAX} at most")
        elif not found and default is None:
            self._wrong(name, "is empty; a text is needed")
        elif not found.isprintable():
            plain = "".join(c if c.isprintable() else " " for c in found)
            found = " ".join(plain.split())
        return found or default or ""

    def number(
        self, name: str, *, needed: bool = False, signed: bool = False
    ) -> float | None:
        """Return a number above 0, or any; None where the cell is empty, or wrong."""
        text = self.text(name, "")
        valid = "a number" if signed else "a number above 0"
        if not text:
            if needed:
                self._wrong(name, f"is empty; {valid} is needed")
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (-NUMBER_MAX if signed else 0) < value < NUMBER_MAX:
            self._wrong(name, f"must be {valid}, not {text[:_SHOWN]!r}")
            return None
        return value

    def count(self, name: str) -> int:
        """Return a whole number from 0 on; 0 where the cell is empty, or wrong."""
        text = self.text(name, "0")
        if text.isascii() and text.isdigit() and len(text) < 10:
            return int(text)
        self._wrong(name, f"must be a whole number, not {text[:_SHOWN]!r}")
        return 0

    def flag(self, name: str) -> bool:
        """Return whether a cell says 1 or True; false where it is empty, or wrong."""
        text = self.text(name, "0").lower()
        if text not in ("0", "1", "false", "true"):
            self._wrong(name, f"must be 0, 1, True or False, not {text[:_SHOWN]!r}")
        return text in ("1", "true")

    def url(self, name: str) -> str:
        """Return an address of the web; anything else is a problem."""
        text = self.text(name)
        try:
            parts = urlsplit(text)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            good = False
        if text and not good:
            self._wrong(name, f"must begin with https://, not {text[:_SHOWN]!r}")
        return text

    def git_url(self, path: str) -> str:
        """Return the address of a file on GitHub, from ``repo`` and ``commit``."""
        repo, commit = self.text("repo"), self.text("commit")
        return f"https://github.com/{repo}/blob/{commit}/{self.text(path)}"

    def _wrong(self, name: str, problem: str) -> None:
        self.problems.append(f"{name}: {problem}")
