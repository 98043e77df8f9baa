"""The seam on the device for its state: something that tells numbers when asked.

A reader's module holds one function::

    def open_reader(options: dict) -> Reader: ...

It runs in the monitor's own process, never in one that measures: a vendor's library is
imported there and nowhere else.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

Channel = dict[str, str]
"""``name`` (which of its kind), ``quantity`` and ``unit`` of one number."""


class ReaderError(Exception):
    """There is nothing to read here; the message is one line that says why."""


class Reader(ABC):
    """A source of numbers, such as a folder of sysfs or a vendor's library."""

    @abstractmethod
    def channels(self) -> list[Channel]:
        """Return what is read, the same for as long as the reader is open."""

    @abstractmethod
    def read(self) -> list[float | None]:
        """Return one number for each channel; None where it cannot be had now."""

    def close(self) -> None:  # noqa: B027
        """Let go of what the reader holds."""
