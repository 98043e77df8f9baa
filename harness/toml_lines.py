"""On which line of a TOML text a table or key stands, which ``tomllib`` does not say.

Only texts that ``tomllib`` has accepted are scanned, so the scan need not be strict.
"""

from __future__ import annotations

import json
import re

Location = tuple[str | int, ...]
"""Keys and list indices from the top, as in ``("target", 0, "threads")``."""

_KEY = r"""(?:[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_KEYS})[ \t]*\]")
_ASSIGNMENT = re.compile(rf"[ \t]*({_KEYS})[ \t]*=")
_PART = re.compile(_KEY)
_TOKEN = re.compile(
    r"""\"{3}|'{3}|"(?:[^"\\]|\\.)*"|'[^']*'|\#.*|[\[\]{}]|[^"'\#\[\]{}]+|."""
)
_CLOSING = {
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*?"{3,5}', re.DOTALL),
    "'''": re.compile(r"(?:[^']|'(?!''))*?'{3,5}", re.DOTALL),
}


def line_index(text: str) -> dict[Location, int]:
    """Return the line, counted from 1, of each table and key."""
    found: dict[Location, int] = {}
    counts: dict[Location, int] = {}
    table: Location = ()
    quote, depth = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not quote and not depth:
            if header := _HEADER.match(line):
                parts = _parts(header[2])
                table = _table(parts, len(header[1]) == 2, counts)
                found.setdefault(table, number)
                continue
            if assignment := _ASSIGNMENT.match(line):
                location = table
                for part in _parts(assignment[1]):
                    location = (*location, part)
                    found.setdefault(location, number)
                line = line[assignment.end() :]
        quote, depth = _after(line, quote, depth)
    return found


def line_of(location: Location, index: dict[Location, int]) -> int | None:
    """Return the line of a place, or else of what is nearest around it."""
    for end in range(len(location), 0, -1):
        if location[:end] in index:
            return index[location[:end]]
    return None


def _table(parts: list[str], repeated: bool, counts: dict[Location, int]) -> Location:
    """Return the location that a header names, and count repeated tables."""
    location: Location = ()
    for position, part in enumerate(parts):
        location = (*location, part)
        if repeated and position == len(parts) - 1:
            counts[location] = counts.get(location, 0) + 1
        if location in counts:
            location = (*location, counts[location] - 1)
    return location


def _parts(keys: str) -> list[str]:
    return [_unquoted(part) for part in _PART.findall(keys)]


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    if key.startswith('"'):
        try:
            return str(json.loads(key))
        except ValueError:  # TOML's \U has no like in JSON
            return key[1:-1]
    return key


def _after(line: str, quote: str, depth: int) -> tuple[str, int]:
    """Return the open quote and the depth of brackets after a line."""
    position = 0
    while position < len(line):
        if quote:
            closing = _CLOSING[quote].match(line, position)
            if closing is None:
                return quote, depth
            position, quote = closing.end(), ""
            continue
        token = _TOKEN.match(line, position)
        if token is None:
            break
        position = token.end()
        if token[0] in _CLOSING:
            quote = token[0]
        elif token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth = max(depth - 1, 0)
    return quote, depth
