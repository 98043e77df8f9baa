"""Structured pruning as techniques; ``pruning`` does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .technique import SHARE, Technique, share

if TYPE_CHECKING:
    from torch import nn

    from ..learner import Learner

_TOOLS = ("numpy", "torch", "torch-pruning")


def _prune(
    net: nn.Module, share: float, learner: Learner, settings: Mapping[str, Any]
) -> nn.Module:
    from ..training import fit
    from .pruning import remove_share

    lighter = remove_share(net, share, learner, settings["seed"])
    return fit(learner, settings, lighter)


def _heads(
    net: nn.Module, share: float, learner: Learner, settings: Mapping[str, Any]
) -> nn.Module:
    from ..training import fit
    from .pruning import remove_heads

    lighter = remove_heads(net, share, learner, settings["seed"])
    return fit(learner, settings, lighter)


def _rate(learner: Learner) -> dict[str, Any]:
    """Return the learning rate of a training from nothing: there is much to mend."""
    return {"learning_rate_max": learner.settings["learning_rate_max"]}


def _has_heads(learner: Learner) -> str | None:
    if learner.heads:
        return None
    return f"model {learner.name!r} has no attention, so no heads; use prune(...)"


PRUNE = Technique(
    name="prune",
    summary="remove a share of the multiply-accumulates, whole channels and heads",
    apply=_prune,
    value=share,
    takes=SHARE,
    tools=_TOOLS,
    own=_rate,
)
HEADS = Technique(
    name="heads",
    summary="remove a share of the attention heads",
    apply=_heads,
    value=share,
    takes=SHARE,
    tools=_TOOLS,
    own=_rate,
    refusal=_has_heads,
)
