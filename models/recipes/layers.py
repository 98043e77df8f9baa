"""The layers whose weights a recipe narrows, and which of them take 4 bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One operator with weights that may have 4 bits.

    ``name`` is that of its weights in ONNX and of its output in TFLite; ``is_sum`` says
    whether it sums over several input channels; ``weights`` is their number.
    """

    name: str
    operator: str
    weights: int
    is_sum: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """Which layers' weights take 4 bits, all others 8.

    ``bits`` are those of most weights, ``told`` what a lineage says of the choice.
    """

    bits: int
    is_narrow: Callable[[Layer], bool]
    told: Mapping[str, Any] = field(default_factory=dict)


EIGHT = Widths(bits=8, is_narrow=lambda _: False)
"""All weights with 8 bits."""

SUMS = Widths(
    bits=4,
    is_narrow=lambda layer: layer.is_sum,
    told={"weights of 8 bits": "convolutions with one input channel a group"},
)
"""4 bits where they are enough.

These are the kernels of convolutions that sum over several input channels, and the
matrices of dense layers. Depthwise kernels, and those over the only channel of a
monochrome image, are few numbers and lose the most: in the reference model ``defect``
they are 8 % of the parameters and, in 4 bits, cost 7 points of top-1.
"""

ALL = Widths(bits=4, is_narrow=lambda _: True, told={"weights of 8 bits": "none"})
"""4 bits wherever an operator allows them."""
