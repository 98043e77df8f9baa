"""The monitor: a second process on the device's machine that reads its state.

It shares the machine's monotonic clock with the workers, so that what it saw can be
laid beside ``worker.Measured.started_ns``. A reader is one small module of the device,
see ``tierbench.harness.device.reader``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .errors import WorkerError
from .values import Series
from .worker import Process

if TYPE_CHECKING:
    from .device.wire import Tensor

OPEN_LIMIT_S = 60.0
CALL_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One number that a reader tells: ``name`` says which of its kind."""

    reader: str
    name: str
    quantity: str
    unit: str


class Monitor:
    """Readers of a device's state, sampled at a period by a process of their own.

    ``channels`` lists what is read; ``missing`` maps the module of each reader that
    could not be opened to the reason.
    """

    def __init__(
        self,
        modules: tuple[str, ...],
        readers: Sequence[tuple[str, Mapping[str, Any]]],
        python: str | None = None,
    ) -> None:
        """Start the process and open the readers.

        Args:
            modules: dotted names of all modules that travel, the readers' and theirs.
            readers: the module that holds ``open_reader``, and its options, for each.
            python: the interpreter that has the vendors' libraries; None for this one.

        Raises:
            TargetUnavailable: that Python cannot be started.
            WorkerError: the process ended, hung or broke the protocol.
        """
        self._process = Process(modules, python)
        try:
            self._watch(readers)
        except BaseException:
            self._process.close()
            raise

    def _watch(self, readers: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        asked = [[module, dict(options)] for module, options in readers]
        reply, _ = self._process.request("watch", OPEN_LIMIT_S, readers=asked)
        told = list(zip((m for m, _ in readers), reply["readers"], strict=True))
        self._counts = [len(it["channels"]) for _, it in told]
        self.channels = tuple(
            Channel(reader=module, **channel)
            for module, it in told
            for channel in it["channels"]
        )
        self.missing: Mapping[str, str] = {
            module: it["reason"] for module, it in told if it["reason"] is not None
        }

    @property
    def pid(self) -> int:
        """Return the process's id."""
        return self._process.pid

    def start(self, period_ns: int) -> None:
        """Take a first sample and begin; it is there when this returns.

        Raises:
            CaseError: the monitor is sampling already, or the period is not above 0.
            WorkerError: the process ended, hung or broke the protocol.
        """
        self._process.request("start", CALL_LIMIT_S, period_ns=period_ns)

    def stop(self) -> tuple[Series, ...]:
        """Take a last sample, end, and return one series for each of ``channels``.

        Times are ns on the machine's monotonic clock, the middle of each reading;
        values are float64, NaN where the reading failed.

        Raises:
            CaseError: the monitor was not sampling.
            WorkerError: the process ended, hung or broke the protocol.
        """
        _, tensors = self._process.request("stop", CALL_LIMIT_S)
        if len(tensors) != 2 * len(self._counts):
            raise WorkerError("the monitor did not answer for each of its readers")
        found: list[Series] = []
        for i, count in enumerate(self._counts):
            channels = self.channels[len(found) : len(found) + count]
            found += _series(channels, tensors[2 * i], tensors[2 * i + 1])
        return tuple(found)

    def close(self) -> None:
        """End the process, whatever state it is in; never raises."""
        self._process.close()

    def __enter__(self) -> Self:
        """Return the monitor."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the monitor."""
        self.close()


def _series(channels: Sequence[Channel], times: Tensor, values: Tensor) -> list[Series]:
    import numpy as np

    stamps = np.frombuffer(times.data, dtype=np.int64)
    table = np.frombuffer(values.data, dtype=np.float64)
    table = table.reshape(len(stamps), len(channels))
    return [
        Series(
            quantity=channel.quantity,
            unit=channel.unit,
            values=np.ascontiguousarray(table[:, column]),
            times=stamps,
        )
        for column, channel in enumerate(channels)
    ]
