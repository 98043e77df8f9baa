"""Plain values as indented text, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .terminal import printable

_STEP = "  "


def outline(values: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield a line for each value and each list of numbers or words; names are inert.

    Mappings within are indented beneath their name, each mapping of a list begins with
    a dash, and what is None or empty says ``none``.
    """
    for key, value in values.items():
        name = indent + printable(str(key))
        if isinstance(value, Mapping) and value:
            yield f"{name}:"
            yield from outline(value, indent + _STEP)
        elif _is_list(value) and any(isinstance(item, Mapping) for item in value):
            yield f"{name}:"
            for item in value:
                first, *rest = outline(item, indent + _STEP + _STEP)
                yield f"{indent}{_STEP}- {first.lstrip()}"
                yield from rest
        else:
            yield f"{name}: {printable(_words(value))}"


def _words(value: Any) -> str:
    if value is None or value in ((), [], {}):
        return "none"
    if _is_list(value):
        return ", ".join(_words(item) for item in value)
    return str(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
