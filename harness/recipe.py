"""The seam towards recipes: how a variant is made from a model's fp32 file.

A recipe is found by its name through the entry point group ``tierbench.recipes``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from .chain import chain_text, parse_chain
from .errors import ChainError
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
    reasons: Mapping[str, str]
    """Why it does not apply to other formats, by format, where that can be told."""

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


@runtime_checkable
class GivenRecipe(Recipe, Protocol):
    """A recipe that can be given a value, as in ``mixed(0.25)``."""

    def with_value(self, value: str) -> Recipe:
        """Return the recipe for a value.

        Raises:
            ChainError: the value is not valid.
        """
        ...


def find_recipe(name: str, find: Callable[[str], Any]) -> Recipe:
    """Return the recipe that ``int8`` or ``mixed(0.25)`` names.

    Args:
        name: as a sweep file has it.
        find: returns the recipe of a name without a value, or raises NotFound.

    Raises:
        NotFound: there is none of that name.
        ChainError: the name is more than one step, or gives what the recipe takes not.
    """
    steps = parse_chain(name)
    step = steps[0]
    if len(steps) > 1:
        raise ChainError(
            f"{chain_text(steps)!r}: of a file one recipe makes a variant; name one"
        )
    recipe: Recipe = find(step.name)
    if step.value is None and not step.options:
        return recipe
    takes = "nothing"
    if isinstance(recipe, GivenRecipe):
        if step.value is not None and not step.options:
            return recipe.with_value(step.value)
        takes = "one value"
    raise ChainError(
        f"{str(step)!r}: recipe {step.name!r} takes {takes}; write {step.name!r}"
    )
