"""What a student network loses by when it learns from a teacher. Needs torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax

if TYPE_CHECKING:
    from ..learner import Loss


def taught(
    teacher: nn.Module, share: float, temperature: float, by_labels: Loss | None = None
) -> Loss:
    """Return the loss (1 - a) cross-entropy + a T^2 KL(teacher || student) at T.

    After G. Hinton, O. Vinyals and J. Dean, "Distilling the knowledge in a neural
    network" (arXiv:1503.02531, 2015); the factor T^2 keeps the gradients' size.

    Args:
        teacher: the network whose answers are learnt, as logits.
        share: a, the teacher's share of the loss.
        temperature: T, by which all logits are divided before the softmax.
        by_labels: what takes the place of cross-entropy, as in ``training.fit``.
    """
    teacher = teacher.eval()

    def loss(logits: Any, labels: Any, inputs: Any) -> Any:
        truth = (
            by_labels(logits, labels, inputs)
            if by_labels
            else cross_entropy(logits, labels)
        )
        if not share:
            return truth
        with torch.no_grad():
            taught = log_softmax(teacher(inputs) / temperature, dim=1)
        learnt = log_softmax(logits / temperature, dim=1)
        apart = kl_div(learnt, taught, reduction="batchmean", log_target=True)
        return (1 - share) * truth + share * temperature**2 * apart

    return loss
