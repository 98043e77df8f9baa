"""The seam towards recipes: how a variant is made from a model's fp32 file.

A recipe is found by its name through the entry point group ``tierbench.recipes``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .model import BuiltVariant

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Samples that show a quantiser the ranges of values, loaded only when needed.

    ``load()`` returns arrays by input name, first axis the sample; ``sha256`` is known
    without it.
    """

    sha256: str
    load: Callable[[], Mapping[str, NDArray[Any]]]


class Recipe(Protocol):
    """A way to make a variant without training, from any fp32 file."""

    name: str
    summary: str
    """What it does, in half a sentence."""
    formats: tuple[str, ...]

    def calibrated(self, format: str) -> bool:
        """Return whether it needs calibration samples for files of this format."""
        ...

    def build(
        self, source: Path, format: str, calibration: Calibration | None, cache: Path
    ) -> BuiltVariant:
        """Return the variant's file, made on first use and cached by content.

        Its lineage is the one step that was taken here.

        Raises:
            NotFound: it does not know the format.
            InputError: it needs calibration samples and was given none.
            ModelError: it cannot be applied to the file.
            InfrastructureError: a tool is not installed, or the cache not writable.
        """
        ...
