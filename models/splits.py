"""The splits of drawn data: every sample from a random stream of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SAMPLES = {"training": 16_000, "calibration": 256, "evaluation": 1_200}


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A stream of samples: its seed, and how many of them belong to the split."""

    seed: int
    samples: int

    def rng(self, index: int) -> np.random.Generator:
        """Return the random numbers of sample number index.

        Seed and index form the key of a counter-based generator (Philox), so no two
        samples share a stream, within a split or across splits.
        """
        key = np.array([self.seed, index], dtype=np.uint64)
        return np.random.Generator(np.random.Philox(key=key))

    def beside(self, number: int, samples: int) -> Split:
        """Return another stream of the same kind of samples; 1 to 3 are the splits."""
        return Split(seed=self.seed >> 8 << 8 | number, samples=samples)


def splits(prefix: int) -> dict[str, Split]:
    """Return a model's three splits by name; a seed is the prefix and one more byte."""
    return {
        name: Split(seed=prefix << 8 | number, samples=samples)
        for number, (name, samples) in enumerate(_SAMPLES.items(), start=1)
    }
