"""Choose how progress is told."""

from __future__ import annotations

from typing import TextIO

from .progress import PlainProgress, Progress


def progress_for(stream: TextIO) -> Progress:
    """Return live progress for a terminal, plain lines for anything else."""
    if stream.isatty():
        from .live import LiveProgress

        return LiveProgress(stream)
    return PlainProgress(stream)
