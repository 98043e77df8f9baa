"""A power meter that is read on the device, by a process of its own beside the workers.

::

    class Rapl(ReaderMeter):
        "Processor packages by RAPL."

        name = "rapl"
        module = "tierbench.targets.meters.rapl"

The module holds ``open_reader``; see ``tierbench.harness.device.reader``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from .errors import InputError, MeterError, TierbenchError
from .meter import Load, PowerMeter, Recording, Scope, Specification
from .monitor import Monitor
from .option import Option
from .remote import machine_of
from .values import Setting

PERIOD_NS = 20_000_000
"""How often a reader is asked; a reading is at most so old when it is taken."""

ROOT = Option(
    name="root",
    kind=str,
    default="/",
    help="the folder that stands for the root of the file system",
)

_unreadable: dict[tuple[Any, ...], str] = {}
"""Why a meter cannot be read here, so that not every case has to find out."""


class ReaderMeter(PowerMeter):
    """The channels of one reader that measure power or count energy."""

    period_ns = PERIOD_NS
    module: ClassVar[str]
    """The dotted name of the module that travels and holds ``open_reader``."""

    def __init__(
        self, settings: Mapping[str, Setting] | None = None, python: str | None = None
    ) -> None:
        """Keep the options; nothing is opened yet."""
        super().__init__(settings, python)
        self._monitor: Monitor | None = None
        self._specifications: tuple[tuple[int, Specification], ...] = ()

    @property
    def machine(self) -> str | None:
        """Return the machine that its Python is on, None for this one."""
        return machine_of(self.python)

    def specifications(self) -> tuple[Specification, ...]:
        """Return the channels; the first call starts the process that reads them."""
        if self._monitor is None and self._key not in _unreadable:
            self._open()
        return tuple(specification for _, specification in self._specifications)

    def missing(self) -> str | None:
        """Return why the reader cannot be opened, or None."""
        return _unreadable.get(self._key)

    def start(self) -> None:
        """Begin to sample.

        Raises:
            MeterError: the process that reads it failed.
        """
        self._ask(lambda monitor: monitor.start(PERIOD_NS))

    def stop(self, load: Load) -> tuple[Recording, ...]:
        """Return what each channel told; it shares the machine's clock.

        Raises:
            MeterError: the process that reads it failed.
        """
        series = self._ask(lambda monitor: monitor.stop())
        return tuple(
            Recording(
                specification=specification,
                series=series[place],
                late_ns=min(PERIOD_NS, specification.update_ns),
            )
            for place, specification in self._specifications
        )

    def close(self) -> None:
        """End the process."""
        if self._monitor is not None:
            self._monitor.close()
        self._monitor = None
        self._specifications = ()

    @property
    def _key(self) -> tuple[Any, ...]:
        return (self.module, self.python, *sorted(self.settings.items()))

    def _open(self) -> None:
        readers = [(self.module, self.settings)]
        try:
            monitor = Monitor((self.module,), readers, self.python)
        except TierbenchError as exc:
            raise MeterError(f"meter {self.name!r} cannot be read: {exc}") from exc
        told = enumerate(monitor.specifications)
        try:
            self._specifications = tuple(
                (place, _specification(one)) for place, one in told if one is not None
            )
        except (TypeError, ValueError, InputError) as exc:
            monitor.close()
            raise MeterError(f"meter {self.name!r} is ill described: {exc}") from exc
        if self._specifications:
            self._monitor = monitor
            return
        monitor.close()
        reason = monitor.missing.get(self.module)
        _unreadable[self._key] = (
            reason or "its reader measures neither power nor energy"
        )

    def _ask(self, question: Any) -> Any:
        if self._monitor is None:
            raise MeterError(f"meter {self.name!r} is not open")
        try:
            return question(self._monitor)
        except TierbenchError as exc:
            raise MeterError(f"meter {self.name!r} failed: {exc}") from exc


def _specification(told: Mapping[str, Any]) -> Specification:
    return Specification(**{**told, "scope": Scope(told["scope"])})
