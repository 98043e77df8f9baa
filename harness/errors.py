"""Every error that tierbench raises on purpose.

::

    TierbenchError
    ├── InputError            what the caller gave is wrong        exit 2
    │   ├── SweepError        a sweep file: all its mistakes at once
    │   ├── ModelError        a model file
    │   ├── DataError         evaluation data
    │   ├── NotFound          a name that nothing answers to
    │   ├── ChainError        a variant's name that is no chain of steps
    │   ├── NotComparable     values that must not be compared
    │   └── Mistakes          several of these at once
    ├── InfrastructureError   device, runtime, network, store      exit 3
    │   ├── NotInstalled      a library that an extra installs
    │   ├── StoreError        the store cannot be read or written
    │   ├── TargetUnavailable a target that cannot run here
    │   ├── MeterError        a power meter cannot be read
    │   └── WorkerError       a worker died, hung or broke the protocol
    │       ├── WorkerDied
    │       ├── WorkerTimeout
    │       └── LinkLost
    └── CaseError             the runtime refused this case; the sweep goes on

A message is one line: the thing, the bad value, what would be valid, the remedy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class TierbenchError(Exception):
    """Any error that tierbench raises on purpose."""

    exit_status = 3

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what to tell, one mistake a line; a line may quote any character."""
        return (str(self) or type(self).__name__,)


class InputError(TierbenchError):
    """Something that the caller gave is wrong."""

    exit_status = 2


class InfrastructureError(TierbenchError):
    """A device, a runtime, the network or the store failed."""

    exit_status = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake in an input: where it stands, what it is, what would be valid."""

    where: str
    problem: str
    line: int | None = None

    def __str__(self) -> str:
        """Return ``line 4, target[0].threads: must be ...``."""
        place = self.where if self.line is None else f"line {self.line}, {self.where}"
        return f"{place}: {self.problem}"


class SweepError(InputError):
    """A sweep file is wrong; ``mistakes`` holds every mistake found."""

    def __init__(self, source: str, mistakes: Sequence[Mistake]) -> None:
        """Keep the file's name and all mistakes."""
        self.source = source
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> tuple[str, ...]:
        """Return one line a mistake, with the file's name."""
        return tuple(f"{self.source}: {mistake}" for mistake in self.mistakes)


class ModelError(InputError):
    """A model file cannot be used."""


class ChainError(InputError):
    """A variant's name that is no chain of steps."""


class DataError(InputError):
    """Evaluation data cannot be used."""


class NotFound(InputError):
    """A name that nothing answers to."""

    def __init__(
        self, kind: str, name: str, known: Iterable[str], why: str | None = None
    ) -> None:
        """Name what was looked for, what is known, and why, where that can be told."""
        self.kind, self.name, self.known = kind, name, sorted(known)
        from difflib import get_close_matches  # rarely needed, and slow to import

        near = get_close_matches(name, self.known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        listed = ", ".join(self.known) or "none"
        reason = f": {why}" if why else ""
        super().__init__(f"no {kind} {name!r}{reason}; known: {listed}{hint}")


class NotComparable(InputError):
    """Two values that must not be compared or merged."""

    def __init__(self, field: str, left: object, right: object) -> None:
        """Name the field that differs and both its values."""
        self.field, self.left, self.right = field, left, right
        super().__init__(f"not comparable: {field} is {left!r} and {right!r}")


class NotInstalled(InfrastructureError):
    """A library is needed that an extra would install."""


class Mistakes(InputError):
    """Several mistakes in one input, a line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Keep all of them."""
        self._problems = tuple(problems)
        super().__init__("\n".join(problems))

    @property
    def lines(self) -> tuple[str, ...]:
        """Return one line a mistake."""
        return self._problems


class StoreError(InfrastructureError):
    """The store cannot be read or written."""


class TargetUnavailable(InfrastructureError):
    """A target cannot run here."""

    def __init__(self, target: str, reason: str, remedy: str) -> None:
        """Say why the target is unavailable and what to do about it."""
        self.target, self.reason, self.remedy = target, reason, remedy
        super().__init__(f"target {target!r} is not available: {reason}; {remedy}")


class MeterError(InfrastructureError):
    """A power meter cannot be read, or what it recorded cannot be used."""


class WorkerError(InfrastructureError):
    """A worker failed outside the case's own fault."""


class WorkerDied(WorkerError):
    """The worker's process ended by itself or by a signal."""


class WorkerTimeout(WorkerError):
    """The worker did not answer within its limit and was killed."""


class LinkLost(WorkerError):
    """The link to a worker's machine was lost; what was measured before still holds."""


class CaseError(TierbenchError):
    """The runtime refused this case; recorded as its reason, the sweep goes on."""
