"""The way to a variant: techniques that train, and at most one recipe after them."""

from __future__ import annotations

from dataclasses import dataclass

from ..harness.chain import Step, chain_text, parse_chain
from ..harness.errors import ChainError, NotFound
from .recipes import RECIPES, FileRecipe
from .techniques import TECHNIQUES

SOURCE = "fp32"
"""The variant that is a model's own file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What is done to a model's fp32 file, in order; ``name`` is the normal form."""

    name: str
    techniques: tuple[Step, ...]
    recipe: FileRecipe | None


def find_route(variant: str, model: str) -> Route:
    """Return the way to a variant of a model.

    Raises:
        ChainError: it is no chain, or its steps cannot follow one another.
        NotFound: nothing answers to a step's name.
    """
    steps = parse_chain(variant)
    name = chain_text(steps)
    if name == SOURCE:
        return Route(name=name, techniques=(), recipe=None)
    for step in steps:
        if step.name not in RECIPES and step.name not in TECHNIQUES:
            known = (SOURCE, *RECIPES, *TECHNIQUES)
            raise NotFound(f"variant of model {model!r}", step.name, known)
    for step in steps[:-1]:
        if step.name in RECIPES or TECHNIQUES[step.name].has_recipe:
            raise ChainError(
                f"step {str(step)!r} of {name!r}: what it makes cannot be trained or "
                "quantised further; let it be the last"
            )
    last = steps[-1]
    if last.name in RECIPES:
        return Route(name=name, techniques=steps[:-1], recipe=_recipe(last))
    technique = TECHNIQUES[last.name]
    given = technique.given(last)
    recipe = RECIPES[given] if technique.has_recipe else None
    return Route(name=name, techniques=steps, recipe=recipe)


def _recipe(step: Step) -> FileRecipe:
    if step.value is not None or step.options:
        raise ChainError(f"step {str(step)!r}: takes nothing; write {step.name!r}")
    return RECIPES[step.name]
