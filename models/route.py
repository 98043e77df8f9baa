"""The way to a variant: techniques that train, and at most one recipe after them."""

from __future__ import annotations

from dataclasses import dataclass

from ..harness.chain import Step, chain_text, parse_chain
from ..harness.errors import ChainError, NotFound
from ..harness.recipe import Recipe, find_recipe
from .recipes import RECIPES
from .techniques import found

SOURCE = "fp32"
"""The variant that is a model's own file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What is done to a model's fp32 file, in order; ``name`` is the normal form."""

    name: str
    techniques: tuple[Step, ...]
    recipe: Recipe | None


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
    techniques = found.names()
    for step in steps:
        if step.name not in RECIPES and step.name not in techniques:
            known = (SOURCE, *RECIPES, *techniques)
            raise NotFound(f"variant of model {model!r}", step.name, known)
    for step in steps[:-1]:
        if step.name in RECIPES or found.find(step.name).has_recipe:
            raise ChainError(
                f"step {str(step)!r} of {name!r}: what it makes cannot be trained or "
                "quantised further; let it be the last"
            )
    last = steps[-1]
    if last.name in RECIPES:
        recipe = find_recipe(str(last), RECIPES.__getitem__)
        return Route(name=name, techniques=steps[:-1], recipe=recipe)
    technique = found.find(last.name)
    given = technique.given(last)
    applied = RECIPES[given] if technique.has_recipe else None
    return Route(name=name, techniques=steps, recipe=applied)
