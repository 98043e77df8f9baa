"""Techniques: how a variant is made from a network by training it."""

from __future__ import annotations

from .finetune import FINETUNE
from .qat import QAT
from .technique import Technique

TECHNIQUES = {technique.name: technique for technique in (FINETUNE, QAT)}
"""Every technique by its name."""

__all__ = ["FINETUNE", "QAT", "TECHNIQUES", "Technique"]
