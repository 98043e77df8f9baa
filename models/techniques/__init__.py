"""Techniques: how a variant is made from a network by training it."""

from __future__ import annotations

from .distil import DISTIL, STUDENT
from .finetune import FINETUNE
from .prune import HEADS, PRUNE
from .qat import QAT
from .technique import Technique

__all__ = ["DISTIL", "FINETUNE", "HEADS", "PRUNE", "QAT", "STUDENT", "Technique"]
