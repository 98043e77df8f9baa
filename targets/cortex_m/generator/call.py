"""A call of a kernel: its constants, and the tensors that it reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .network import Tensor

Field = int | float | NDArray[Any] | Mapping[str, Any]
"""A field of a C struct: a number, a table, or a struct in it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Call:
    """``function(&constants, inputs..., output[, scratch])``.

    ``kind`` is the C struct of ``fields``, see ``firmware/kernels.h``.
    """

    function: str
    kind: str
    fields: Mapping[str, Field]
    inputs: Sequence[Tensor]
    output: Tensor
    scratch_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alias:
    """An operator that moves nothing: its output is its input's bytes."""

    input: Tensor
    output: Tensor
