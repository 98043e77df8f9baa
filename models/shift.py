"""Shifts of a reference model's data: the world changes, the model does not.

A shifted sample is the clean one, drawn from the same random numbers, in a world that
has changed since training. What the change itself draws comes from a stream of its own
that does not depend on the severity: so severities differ in strength alone, and pairs
of samples may be compared.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..harness.errors import NotFound

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .dataset import Dataset
    from .splits import Split

SEVERITY_MAX = 5
"""The strongest; 0 is the clean sample itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One way in which the world changes.

    ``make(rng, name, own, severity)`` returns a sample of the class ``name`` from the
    clean sample's numbers ``rng`` and the shift's ``own``, for a severity above 0.
    """

    name: str
    summary: str
    make: Callable[
        [np.random.Generator, str, np.random.Generator, int], NDArray[np.integer[Any]]
    ]

    def rng(self, split: Split, index: int) -> np.random.Generator:
        """Return the shift's own random numbers for one sample, at every severity.

        They come from the sample's generator, 2^192 or more steps further on.
        """
        key = np.array([split.seed, index], dtype=np.uint64)
        ahead = 1 + zlib.crc32(self.name.encode())
        return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, ahead]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifts:
    """A model's data and the shifts that are known of it."""

    data: Dataset
    shifts: tuple[Shift, ...]

    def find(self, name: str) -> Shift:
        """Return the shift of this name.

        Raises:
            NotFound: there is none.
        """
        for shift in self.shifts:
            if shift.name == name:
                return shift
        raise NotFound("shift", name, (shift.name for shift in self.shifts))

    def sample(
        self, split: Split, index: int, shift: Shift | None = None, severity: int = 0
    ) -> NDArray[np.integer[Any]]:
        """Return one sample in whole numbers; at severity 0 it is the clean one."""
        rng, name = split.rng(index), self._class(index)
        if shift is None or severity == 0:
            return self.data.make(rng, name)
        return shift.make(rng, name, shift.rng(split, index), severity)

    def inputs(
        self,
        split: Split,
        shift: Shift | None = None,
        severity: int = 0,
        *,
        portion: int = 500,
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the model's inputs of a whole split, a portion of samples at a time."""
        for start in range(0, split.samples, portion):
            numbers = range(start, min(start + portion, split.samples))
            drawn = [self.sample(split, index, shift, severity) for index in numbers]
            yield self.data.as_input(np.stack(drawn))

    def labels(self, split: Split) -> NDArray[np.int64]:
        """Return the class indices of a split, int64 [n], which no shift changes."""
        return np.arange(split.samples, dtype=np.int64) % len(self.data.classes)

    def _class(self, index: int) -> str:
        return self.data.classes[index % len(self.data.classes)]
