"""Training further and nothing else: what other techniques are to be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .technique import Technique

if TYPE_CHECKING:
    from torch import nn

    from ..learner import Learner


def _apply(
    net: nn.Module, _: None, learner: Learner, settings: Mapping[str, Any]
) -> nn.Module:
    from ..training import fit

    return fit(learner, settings, net)


FINETUNE = Technique(
    name="finetune",
    summary="train for as long as the other techniques do, in float",
    apply=_apply,
)
