"""One value from a small file of the kernel: None for whatever goes wrong.

Files may be missing, forbidden, vanish while they are read or hold no number: to a
reader of state all of these say that the value is not known.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable

READ_BYTES = 4096


def read_text(path: str) -> str | None:
    """Return the stripped text of a file of at most a page, or None."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        return os.read(descriptor, READ_BYTES).decode("utf-8", "replace").strip("\0\n ")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def read_number(path: str, factor: float = 1.0) -> float | None:
    """Return the finite number that a file holds, times a factor, or None."""
    text = read_text(path)
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value * factor if math.isfinite(value) else None


def entries(folder: str, prefix: str = "") -> list[str]:
    """Return the names in a folder that begin so, those with numbers in their order."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found = [name for name in names if name.startswith(prefix)]
    return sorted(found, key=lambda name: (len(name), name))


def highest(values: Iterable[float | None]) -> float | None:
    """Return the highest of the known values, or None."""
    return max((value for value in values if value is not None), default=None)


def lowest(values: Iterable[float | None]) -> float | None:
    """Return the lowest of the known values, or None."""
    return min((value for value in values if value is not None), default=None)


def total(values: Iterable[float | None]) -> float | None:
    """Return the sum of the known values, None without any."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def difference(value: float | None, other: float | None) -> float | None:
    """Return the first less the second where both are known, or None."""
    return None if value is None or other is None else value - other
