"""Resident memory of this process, phase by phase.

The peak is VmHWM, which the kernel counts at every page: sampling would miss short
ones, and ``ru_maxrss`` keeps a parent's peak across exec. It is reset before each
phase; where the kernel refuses that, a peak would be that of the whole process since
its start, so there is none.
"""

from __future__ import annotations

from . import state

PHASES = ("opening", "first_call", "steady")


class MemoryWatch:
    """What the process held before the model, with it, and at most in each phase."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._held: dict[str, int | None] = {}
        self._peaks: dict[str, int | None] = {}
        self._refused: str | None = None

    def baseline(self) -> None:
        """Take what is held after the runtime's import, before the model."""
        self._held["baseline_bytes"] = state.memory()["resident_bytes"]

    def begin(self) -> None:
        """Begin a phase: the peak is what is held now."""
        self._refused = state.reset_peak() or self._refused

    def end(self, phase: str) -> None:
        """End one of ``PHASES``: take its peak and what is held after it."""
        found = state.memory()
        self._peaks[phase] = found["peak_bytes"]
        if phase == "opening":
            self._held["loaded_bytes"] = found["resident_bytes"]
        if phase == "steady":
            self._held["steady_bytes"] = found["resident_bytes"]
            self._held["steady_anonymous_bytes"] = found["anonymous_bytes"]
            self._held["steady_file_bytes"] = found["file_bytes"]

    def told(self) -> dict[str, int | str | None]:
        """Return bytes by name, and ``peak_reason`` where no peak is known."""
        peaks = {} if self._refused else self._peaks
        known = [peak for peak in peaks.values() if peak is not None]
        return {
            **self._held,
            **{f"peak_{phase}_bytes": peaks.get(phase) for phase in PHASES},
            "peak_bytes": max(known, default=None),
            "peak_reason": self._refused,
        }
