"""What a target needs on its machine, and who brings it: the lines of its doctor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Kind(StrEnum):
    """What kind of thing is looked for, see ``harness.device.things``."""

    DISTRIBUTION = "distribution"
    MODULE = "module"
    PROGRAM = "program"
    FILE = "file"


Thing = tuple[str, str]
"""A kind and a name."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing, or any one of several; ``remedy`` says how to get it, and from whom.

    ``others`` do as well as the first.
    """

    kind: Kind
    name: str
    remedy: str
    others: tuple[Thing, ...] = ()

    @classmethod
    def any_of(cls, things: Iterable[Thing], remedy: str) -> Self:
        """Return the need for any one of these things, of which there is at least one.

        Raises:
            ValueError: a kind is not known.
        """
        (kind, name), *others = things
        return cls(Kind(kind), name, remedy, tuple((Kind(k), n) for k, n in others))

    @property
    def things(self) -> tuple[Thing, ...]:
        """Return all that would do."""
        return ((self.kind, self.name), *self.others)

    @property
    def label(self) -> str:
        """Return what is needed, for people."""
        return " or ".join(f"{kind} {name}" for kind, name in self.things)

    def missing(self, executable: str) -> str:
        """Return that none of the things is there, for the Python that was asked."""
        if self.others:
            return f"none of these is there for {executable}: {self.label}"
        if self.kind in (Kind.DISTRIBUTION, Kind.MODULE):
            return f"{self.name} is not installed in {executable}"
        if self.kind is Kind.PROGRAM:
            return f"the program {self.name} is not on the PATH"
        return f"{self.name} is not there"

    def met(self, found: Mapping[Thing, str | None]) -> str | None:
        """Return what was found of the first that is there, None where none is."""
        return next((found[t] for t in self.things if found.get(t) is not None), None)
