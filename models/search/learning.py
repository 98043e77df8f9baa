"""The short training itself. This module needs the extra ``train``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..prediction import probabilities
from ..training import fit

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from ..shape import Shape
    from .subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Samples that were drawn once, for many trainings: see ``learner.Samples``."""

    subject: Subject
    drawn: Mapping[str, NDArray[Any]]

    @property
    def classes(self) -> Sequence[str]:
        """Return the names of the classes."""
        return self.subject.data.classes

    def samples(self, split: str) -> NDArray[Any]:
        """Return the samples of a split."""
        return self.drawn[split]

    def labels(self, split: str) -> NDArray[np.int64]:
        """Return the class indices of a split, int64 [n]."""
        return np.arange(len(self.drawn[split]), dtype=np.int64) % len(self.classes)

    def as_input(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Turn some samples into inputs as the model's files take them."""
        return self.subject.data.as_input(samples)


def learn(
    subject: Subject, shape: Shape, data: Drawn, settings: Mapping[str, Any]
) -> nn.Module:
    """Return a trained network in evaluation mode, ready to be exported.

    Equal arguments give equal weights: one thread, and all chance from the seed.
    """
    torch.manual_seed(settings["seed"])
    net: Any = subject.network(len(data.classes), shape)
    if subject.learner.channel_last:  # twice as fast on a processor
        net = net.to(memory_format=torch.channels_last)
    with redirect_stdout(StringIO()):  # it tells of each epoch
        net = fit(replace(subject.learner, data=data), settings, net)
    return subject.learner.fold(net)


def correct_answers(path: Path, data: Drawn) -> int:
    """Return how many validation samples an exported network gets right."""
    inputs, labels = (
        data.as_input(data.samples("validation")),
        data.labels("validation"),
    )
    return int(np.sum(probabilities(path, inputs).argmax(axis=1) == labels))
