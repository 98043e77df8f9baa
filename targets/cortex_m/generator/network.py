"""A quantised network as values: tensors, operators in order, their options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZES = {"int8": 1, "float32": 4, "int32": 4}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tensor:
    """A tensor; ``data`` holds what the file stores, None for an activation."""

    index: int
    dtype: str
    shape: tuple[int, ...]
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    data: NDArray[Any] | None

    @property
    def elements(self) -> int:
        """Return the number of elements."""
        return prod(self.shape)

    @property
    def size_bytes(self) -> int:
        """Return the bytes that it takes as an activation."""
        return self.elements * SIZES[self.dtype]

    @property
    def scale(self) -> np.float32:
        """Return the only scale."""
        (scale,) = self.scales
        return np.float32(scale)

    @property
    def zero_point(self) -> int:
        """Return the only zero point."""
        (zero_point,) = self.zero_points
        return zero_point


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operator:
    """One step: ``inputs`` has None where an optional input is absent."""

    name: str
    inputs: Sequence[Tensor | None]
    outputs: Sequence[Tensor]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A model's main graph."""

    operators: Sequence[Operator]
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
