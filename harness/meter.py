"""The seam towards power meters: what a meter states of itself, and what it recorded.

A new meter is one small file. Most are read on the device: a ``Reader`` (see
``tierbench.harness.device.reader``) with a row in ``tierbench.targets.meters``. Others,
such as a bench instrument, are a subclass of ``PowerMeter``. A target offers its meters
from ``Target.meters``; others are wired by ``[[meter]]`` in a sweep file. All are found
through the entry point group ``tierbench.meters``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite
from typing import Any, ClassVar

from .errors import InputError, NotComparable
from .option import Option
from .values import Series, Setting


class Scope(StrEnum):
    """What a meter's power includes; energies of different scope do not compare."""

    RAIL = "rail"
    MODULE = "module"
    BOARD = "board"
    WALL = "wall"


def check_same_scope(left: str, right: str) -> None:
    """Raise NotComparable where two energies include different parts of a device."""
    if left != right:
        raise NotComparable("scope of the energy", str(left), str(right))


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What is known of one channel of a meter, and who says so.

    A reading is the mean power over the last ``sampled_fraction`` of ``update_ns``, the
    time after which it is renewed; ``memory_ns`` is how long it remembers a change of
    load. Its error is at most ``gain`` times the reading plus ``offset_w``. An energy
    counter wraps at ``range_j`` (None: never) and counts in steps of ``quantum_j``.
    Channels with the same ``adds_to`` add up to a total of that name.
    """

    meter: str
    channel: str
    scope: Scope
    update_ns: int
    gain: float
    offset_w: float = 0.0
    source: str
    sampled_fraction: float = 1.0
    memory_ns: int = 0
    range_j: float | None = None
    quantum_j: float = 0.0
    adds_to: str | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what no meter can state.

        Raises:
            InputError: a number is out of range.
        """
        fraction = self.sampled_fraction
        limits = (self.gain, self.offset_w, self.quantum_j, float(self.memory_ns))
        whole = all(isfinite(limit) and limit >= 0 for limit in limits)
        if not whole or self.update_ns <= 0 or not 0 <= fraction <= 1:
            raise InputError(
                f"meter {self.meter!r}: gain {self.gain!r}, offset {self.offset_w!r} W "
                f"and quantum {self.quantum_j!r} J must be 0 or more, the update "
                f"period ({self.update_ns!r} ns) above 0, the sampled fraction "
                f"({fraction!r}) 0 to 1"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """What one channel told: ``power`` in W or ``energy``, a counter, in J.

    Its times plus ``clock_offset_ns`` are ns on the machine's monotonic clock, wrong by
    at most ``clock_error_ns``; ``clock`` says how that is known. A reading may have
    been renewed up to ``late_ns`` before its time: the period at which it was polled.
    ``falls_ns`` are the moments, on the series' clock, at which a pin of the device
    fell, None where the meter sees none.
    """

    specification: Specification
    series: Series
    clock_offset_ns: int = 0
    clock_error_ns: int = 0
    clock: str = "the machine's own"
    late_ns: int = 0
    falls_ns: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """When the harness made the device work, on the machine's monotonic clock in ns.

    ``busy`` and ``idle`` are stretches (begin, end), ``unix_ns`` Unix time minus the
    monotonic clock.
    """

    busy: tuple[tuple[int, int], ...]
    idle: tuple[tuple[int, int], ...]
    unix_ns: int

    def moved(self, by_ns: int) -> Load:
        """Return the same stretches on a clock that is so far ahead."""

        def moved(stretches: tuple[tuple[int, int], ...]) -> tuple[Any, ...]:
            return tuple((begin + by_ns, end + by_ns) for begin, end in stretches)

        return replace(self, busy=moved(self.busy), idle=moved(self.idle))

    @property
    def span_ns(self) -> tuple[int, int]:
        """Return from when to when it is known whether the device worked."""
        every = (*self.busy, *self.idle)
        return min(begin for begin, _ in every), self.end_ns

    @property
    def end_ns(self) -> int:
        """Return when the last stretch ended."""
        return max((end for _, end in (*self.busy, *self.idle)), default=0)


class PowerMeter(ABC):
    """Something that tells the power drawn while it is running."""

    name: ClassVar[str]
    options: ClassVar[tuple[Option, ...]] = ()
    """What a ``[[meter]]`` table may set."""

    required: ClassVar[tuple[str, ...]] = ()
    """Options that only a person knows, and must tell."""

    period_ns: ClassVar[int] = 0
    """How often it is asked; 0 for one that keeps every reading by itself."""

    wants_marker: bool = False
    """Whether the load must show a pattern from which its clock can be aligned."""

    def __init__(
        self, settings: Mapping[str, Setting] | None = None, python: str | None = None
    ) -> None:
        """Keep the options' values, completed with defaults.

        Args:
            settings: values by option name, already checked.
            python: the interpreter that has the vendor's library; None for this one.
        """
        self.python = python
        defaults = {option.name: option.default for option in self.options}
        self.settings: dict[str, Setting] = {**defaults, **(settings or {})}

    @property
    def machine(self) -> str | None:
        """Return the machine whose monotonic clock it is on, None for this one."""
        return None

    @classmethod
    def mistakes(cls, settings: Mapping[str, Setting]) -> list[tuple[str, str]]:
        """Return option and problem of values, each valid, that do not go together."""
        return []

    @abstractmethod
    def specifications(self) -> tuple[Specification, ...]:
        """Return the channels that can be read now; none where ``missing`` says why.

        A first call may open the meter.
        """

    def missing(self) -> str | None:
        """Return why nothing can be read and what to do about it, or None."""
        return None

    @abstractmethod
    def start(self) -> None:
        """Begin to record."""

    @abstractmethod
    def stop(self, load: Load) -> tuple[Recording, ...]:
        """End, and return what each channel told while the load lasted.

        Raises:
            MeterError: what was recorded cannot be had or used.
        """

    def close(self) -> None:  # noqa: B027
        """Let go of the meter; never raises."""


def told(specification: Specification) -> dict[str, Any]:
    """Return a specification as plain values, for a block's context."""
    names = Specification.__slots__
    plain = {name: getattr(specification, name) for name in names}
    return {**plain, "scope": str(specification.scope)}
