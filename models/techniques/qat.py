"""Quantisation-aware training as a technique; ``rounded`` does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .technique import Technique

if TYPE_CHECKING:
    from torch import nn

    from ..learner import Learner

RECIPES = ("int8", "int8-per-tensor", "int16x8", "int4", "int4-uniform")
"""The recipes whose grids ``grid`` knows."""


def _recipe(text: str) -> str:
    if text not in RECIPES:
        raise ValueError(f"must be one of the recipes {', '.join(RECIPES)}")
    return text


def _apply(
    net: nn.Module, recipe: str, learner: Learner, settings: Mapping[str, Any]
) -> nn.Module:
    from .rounded import train

    return train(net, recipe, learner, settings)


QAT = Technique(
    name="qat",
    summary="train on the grid of a recipe, which is then applied",
    apply=_apply,
    value=_recipe,
    takes="the name of a recipe",
    is_calibrated=True,
    has_recipe=True,
)
