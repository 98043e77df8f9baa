"""One value from a small file of the kernel: None for whatever goes wrong.

Files may be missing, forbidden, vanish while they are read or hold no number: to a
reader of state all of these say that the value is not known.
"""

from __future__ import annotations

import math
import os

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
