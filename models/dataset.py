"""The data of a reference model: drawn on demand, every sample from its own seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .splits import Split


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Samples of known classes, the same on every machine.

    ``make`` returns one sample of a class, in whole numbers; ``as_input`` turns
    samples, stacked along the first axis, into the model's input.
    """

    classes: tuple[str, ...]
    splits: Mapping[str, Split]
    make: Callable[[np.random.Generator, str], NDArray[Any]]
    as_input: Callable[[NDArray[Any]], NDArray[np.float32]]

    def sample(self, split: str, index: int) -> NDArray[Any]:
        """Return sample number index; it depends on the split and the index alone."""
        rng = self.splits[split].rng(index)
        return self.make(rng, self.classes[index % len(self.classes)])

    def samples(self, split: str, count: int | None = None) -> NDArray[Any]:
        """Return the first count samples of a split or all: [n, ...]."""
        count = self.splits[split].samples if count is None else count
        return np.stack([self.sample(split, index) for index in range(count)])

    def labels(self, split: str) -> NDArray[np.int64]:
        """Return the class indices of a split, int64 [n]; any prefix is balanced."""
        return np.arange(self.splits[split].samples, dtype=np.int64) % len(self.classes)

    def draw(self, split: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the inputs and labels of a split."""
        return self.as_input(self.samples(split)), self.labels(split)
