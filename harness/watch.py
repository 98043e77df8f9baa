"""Watch a machine's state around each block; what goes wrong here fails no case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from .errors import CaseError, TargetUnavailable, WorkerError
from .monitor import Monitor
from .remote import is_remote, machine_of
from .traces import kept
from .values import Series
from .worker import Measured

PERIOD_NS = 20_000_000
"""Two or three readings in a slice of 50 ms; fifty a second disturb nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateReader:
    """A module of the device that holds ``open_reader``, and its options.

    ``needs`` are further modules of ours that travel with it. ``python`` has the
    vendor's library; None for the interpreter of this process.
    """

    module: str
    options: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    python: str | None = None


Seen = tuple[Measured, tuple[Series, ...]]
"""A block, and what was seen of the device's state around it."""

LINUX = tuple(
    StateReader(module=f"tierbench.harness.device.{name}")
    for name in ("cpufreq", "thermal", "hwmon")
)
"""What Linux tells of the processor on which it runs."""


def linux(python: str | None) -> tuple[StateReader, ...]:
    """Return what Linux tells of the processor of a Python's machine."""
    if not is_remote(python):
        return LINUX
    return tuple(replace(reader, python=python) for reader in LINUX)


def same_clock(
    readers: Sequence[StateReader], python: str | None
) -> tuple[StateReader, ...]:
    """Return the readers of a target with this Python.

    Raises:
        CaseError: one reads another machine, whose clock is another.
    """
    for reader in readers:
        if machine_of(reader.python) != machine_of(python):
            raise CaseError(
                f"reader {reader.module!r} reads another machine than the target's; "
                "give it the target's python"
            )
    return tuple(readers)


class Watch:
    """The readers of one machine, opened once for all of its cases."""

    def __init__(self, readers: Iterable[StateReader]) -> None:
        """Open each reader once; one that cannot be opened is told in ``missing``."""
        self.missing: dict[str, str] = {}
        self._monitors: list[Monitor] = []
        by_python: dict[str | None, dict[str, StateReader]] = {}
        for reader in readers:
            by_python.setdefault(reader.python, {})[_key(reader)] = reader
        for python, distinct in by_python.items():
            self._open(python, list(distinct.values()))

    def _open(self, python: str | None, readers: Sequence[StateReader]) -> None:
        modules = [m for reader in readers for m in (*reader.needs, reader.module)]
        asked = [(reader.module, reader.options) for reader in readers]
        try:
            monitor = Monitor(tuple(dict.fromkeys(modules)), asked, python)
        except (CaseError, WorkerError, TargetUnavailable) as exc:
            self.missing |= {reader.module: str(exc) for reader in readers}
            return
        self.missing |= monitor.missing
        if monitor.channels:
            self._monitors.append(monitor)
        else:
            monitor.close()

    def around(
        self,
        readers: Sequence[StateReader],
        act: Callable[[], Measured],
        period_ns: int = PERIOD_NS,
    ) -> Seen:
        """Measure a block and return it with what these readers saw around it."""
        if not readers:
            return act(), ()
        self._each(lambda monitor: monitor.start(period_ns))
        seen: list[tuple[Monitor, tuple[Series, ...]]] = []
        try:
            measured = act()
        finally:
            self._each(lambda monitor: seen.append((monitor, monitor.stop())))
        wanted = {reader.module for reader in readers}
        return measured, tuple(
            kept(channel, series, measured.started_ns)
            for monitor, several in seen
            for channel, series in zip(monitor.channels, several, strict=True)
            if channel.reader in wanted
        )

    def why_missing(self, readers: Sequence[StateReader]) -> dict[str, str]:
        """Return why these readers tell nothing, by module."""
        modules = {reader.module for reader in readers}
        return {m: why for m, why in self.missing.items() if m in modules}

    def close(self) -> None:
        """End the monitors; never raises."""
        for monitor in self._monitors:
            monitor.close()
        self._monitors = []

    def __enter__(self) -> Self:
        """Return the watch."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the monitors."""
        self.close()

    def _each(self, act: Callable[[Monitor], object]) -> None:
        """Ask each monitor; one that fails is asked no more, and is told of."""
        for monitor in tuple(self._monitors):
            try:
                act(monitor)
            except (CaseError, WorkerError) as exc:
                monitor.close()
                self._monitors.remove(monitor)
                modules = {channel.reader for channel in monitor.channels}
                self.missing |= dict.fromkeys(modules, str(exc))


def _key(reader: StateReader) -> str:
    return f"{reader.module} {sorted(reader.options.items())!r}"
