"""The seam towards models: what a reference model offers, and what data is.

A reference model is found through the entry point group ``tierbench.models``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltVariant:
    """A model file that a recipe made, with its way back to the source."""

    path: Path
    recipe: str
    weight_bits: int
    activation_bits: int
    lineage: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Data:
    """Evaluation data: ``inputs`` by input name, first axis the sample.

    ``labels`` are class indices, int64 [n], or what a regression should put out,
    float64 [n, ...], or None where there are none; ``metric`` names how outputs are
    judged (``top1``).
    """

    name: str
    inputs: Mapping[str, NDArray[Any]]
    labels: NDArray[np.int64] | NDArray[np.float64] | None
    metric: str | None
    sha256: str
    classes: tuple[str, ...] = field(default=())

    @property
    def n(self) -> int:
        """Return the number of samples."""
        return len(next(iter(self.inputs.values())))


class ReferenceModel(Protocol):
    """A model that comes with its variants and its data.

    ``variants`` are made without training, ``chains`` with it: those worth building of
    the many that can be named (see ``harness.chain``).
    """

    name: str
    task: str
    formats: tuple[str, ...]
    variants: tuple[str, ...]
    chains: tuple[str, ...]
    evaluation_sha256: str
    """Hash of what ``evaluation`` returns, known without generating it."""

    def check(self, variant: str) -> None:
        """Check a variant's name before any time is spent on it.

        Raises:
            InputError: no such variant.
        """
        ...

    def build(self, variant: str, format: str, cache: Path) -> BuiltVariant:
        """Return the variant's file, made on first use and cached by content.

        Raises:
            InputError: no such variant, or it cannot be made.
            NotFound: no such format, or the variant does not exist in it.
        """
        ...

    def evaluation(self) -> Data:
        """Return the evaluation split, disjoint from training and calibration."""
        ...
