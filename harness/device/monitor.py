"""Sample readers at a period, in the monitor's own process.

Each time of a reader is the middle of its reading, on the monotonic clock that all
processes of one machine share.
"""

from __future__ import annotations

import importlib
import sys
import threading
from array import array
from time import monotonic_ns
from typing import Any

from .reader import Channel, Reader, ReaderError
from .wire import Tensor

NOT_A_NUMBER = float("nan")


class Monitor:
    """Open readers and what they have told since sampling began."""

    def __init__(self) -> None:
        """Hold no reader yet."""
        self._sources: list[_Source] = []
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()

    def watch(self, readers: list[list[Any]]) -> list[dict[str, Any]]:
        """Open readers and tell the channels of each, or why it cannot be opened.

        Args:
            readers: a module's dotted name and its options, for each.
        """
        told = []
        for module, options in readers:
            source, why = _open(module, options)
            self._sources.append(source)
            told.append(
                {
                    "channels": source.channels,
                    "specifications": source.specifications,
                    "reason": why,
                }
            )
        return told

    def start(self, period_ns: int) -> None:
        """Take a first sample and begin; it is there when this returns."""
        if self._thread is not None:
            raise ReaderError("the monitor is sampling already; stop it first")
        if period_ns <= 0:
            raise ReaderError(f"the period must be above 0 ns, not {period_ns}")
        for source in self._sources:
            source.clear()
        self._ending.clear()
        began = monotonic_ns()
        self._sample()
        self._thread = threading.Thread(
            target=self._run, args=(began, period_ns), daemon=True
        )
        self._thread.start()

    def stop(self) -> list[Tensor]:
        """Take a last sample, end, and return times and values of each reader."""
        if self._thread is None:
            raise ReaderError("the monitor is not sampling; start it first")
        self._ending.set()
        self._thread.join()
        self._thread = None
        tensors: list[Tensor] = []
        for place, source in enumerate(self._sources):
            tensors += source.tensors(place)
        return tensors

    def _run(self, began_ns: int, period_ns: int) -> None:
        """Sample on the beats of the period; a beat that was missed is left out."""
        ended = False
        while not ended:
            beat = (monotonic_ns() - began_ns) // period_ns + 1
            wait_ns = began_ns + beat * period_ns - monotonic_ns()
            ended = self._ending.wait(max(0, wait_ns) / 1e9)
            self._sample()

    def _sample(self) -> None:
        for source in self._sources:
            source.sample()


class _Source:
    """One reader, or the place of one that could not be opened."""

    def __init__(self, reader: Reader | None) -> None:
        self._reader = reader
        self.channels: list[Channel] = [] if reader is None else reader.channels()
        self.specifications = [] if reader is None else reader.specifications()
        self.clear()

    def clear(self) -> None:
        self._times = array("q")
        self._values = array("d")

    def sample(self) -> None:
        if self._reader is None:
            return
        before = monotonic_ns()
        try:
            told = self._reader.read()
            read = [NOT_A_NUMBER if v is None else float(v) for v in told]
        except Exception:  # a driver's library may raise anything, at any time
            read = []
        after = monotonic_ns()
        if len(read) != len(self.channels):
            read = [NOT_A_NUMBER] * len(self.channels)
        self._times.append((before + after) // 2)
        self._values.extend(read)

    def tensors(self, place: int) -> list[Tensor]:
        count = len(self._times)
        shape = (count, len(self.channels))
        return [
            Tensor(f"times {place}", "int64", (count,), _little(self._times)),
            Tensor(f"values {place}", "float64", shape, _little(self._values)),
        ]


def _open(module: str, options: dict[str, Any]) -> tuple[_Source, str | None]:
    """Return a reader's source, or an empty one and the reason in one line."""
    try:
        return _Source(importlib.import_module(module).open_reader(options)), None
    except ReaderError as exc:
        return _Source(None), " ".join(str(exc).split())
    except Exception as exc:  # a vendor's library may raise anything
        told = " ".join(str(exc).split())[:500]
        return _Source(None), f"{type(exc).__name__}: {told}"


def _little(values: Any) -> Any:
    if sys.byteorder != "little":
        values = values[:]
        values.byteswap()
    return values
