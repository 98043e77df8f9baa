"""Distillation, and the same student without a teacher; ``distillation`` does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .technique import SHARE, Technique, share

if TYPE_CHECKING:
    from torch import nn

    from ..learner import Learner

TEACHING = {"teacher_share": 0.9, "temperature": 4.0}
"""The teacher's share of the loss, and the temperature of the answers compared."""


def _distil(
    net: nn.Module, width: float, learner: Learner, settings: Mapping[str, Any]
) -> nn.Module:
    from ..training import fit
    from .distillation import taught

    teaching = settings["teacher_share"], settings["temperature"]
    loss = taught(net, *teaching, learner.loss)
    return learner.fold(fit(learner, settings, width=width, loss=loss))


def _student(
    _: nn.Module, width: float, learner: Learner, settings: Mapping[str, Any]
) -> nn.Module:
    from ..training import fit

    return learner.fold(fit(learner, settings, width=width))


DISTIL = Technique(
    name="distil",
    summary="train a network of a share of the width to answer as this one",
    apply=_distil,
    value=share,
    takes=SHARE,
    is_anew=True,
    has_width=True,
    own=lambda _: TEACHING,
)
STUDENT = Technique(
    name="student",
    summary="train a network of a share of the width by the labels alone",
    apply=_student,
    value=share,
    takes=SHARE,
    is_anew=True,
    has_width=True,
)
