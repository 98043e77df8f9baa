"""Text for terminals: names are untrusted and must not steer one."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return the text with every character that is not printable escaped."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in text
    )
