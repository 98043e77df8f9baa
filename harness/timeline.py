"""The time of a run on one machine."""

from __future__ import annotations


class Timeline:
    """The time since a run began to measure on one machine, on that machine's clock."""

    def __init__(self, first_ns: int = 0) -> None:
        """Begin at 0, or go on where an interrupted run stopped."""
        self._first_ns = first_ns
        self._base_ns: int | None = None

    def resume(self, first_ns: int) -> None:
        """Go on at an offset with a clock that may have begun anew."""
        self._first_ns, self._base_ns = first_ns, None

    def offset_ns(self, started_ns: int) -> int:
        """Return the offset of a moment on the machine's monotonic clock."""
        if self._base_ns is None:
            self._base_ns = started_ns - self._first_ns
        return started_ns - self._base_ns
