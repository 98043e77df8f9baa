"""The short training itself. This module needs the extra ``train``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import AdamW
from torch.optim.lr_scheduler import OneCycleLR

from ..layers import fuse
from ..prediction import probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..shape import Shape
    from .subject import Subject

    Samples = tuple[NDArray[np.float32], NDArray[np.int64]]


def learn(
    subject: Subject, shape: Shape, samples: Samples, settings: Mapping[str, Any]
) -> nn.Module:
    """Return a trained network in evaluation mode, ready to be exported.

    Equal arguments give equal weights: one thread, and all chance from the seed.

    Args:
        subject: the family.
        shape: the network's own.
        samples: inputs and labels.
        settings: of the model's own training, but for seed, epochs and batch.
    """
    torch.set_num_threads(1)
    torch.manual_seed(settings["seed"])
    inputs, labels = samples
    net = subject.network(len(subject.data.classes), shape).train()
    if subject.channel_last:  # twice as fast on a processor
        net = net.to(memory_format=torch.channels_last)
    steps = len(labels) // settings["batch"]
    peak = settings["learning_rate_max"]
    optimiser = AdamW(net.parameters(), lr=peak, weight_decay=settings["weight_decay"])
    schedule = OneCycleLR(
        optimiser,
        peak,
        epochs=settings["epochs"],
        steps_per_epoch=steps,
        pct_start=0.2,
    )
    rng = np.random.Generator(np.random.PCG64(settings["seed"]))
    for chosen in _batches(rng, len(labels), settings):
        batch = inputs[chosen]
        batch = batch.transpose(0, 3, 1, 2) if subject.channel_last else batch
        batch = np.ascontiguousarray(subject.augment(batch, rng))
        loss = cross_entropy(
            net(torch.from_numpy(batch)), torch.from_numpy(labels[chosen])
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    net = net.to(memory_format=torch.contiguous_format).eval()
    return fuse(net) if isinstance(net, nn.Sequential) else net


def correct_answers(path: Path, samples: Samples) -> int:
    """Return how many samples an exported network gets right."""
    inputs, labels = samples
    return int(np.sum(probabilities(path, inputs).argmax(axis=1) == labels))


def _batches(
    rng: np.random.Generator, samples: int, settings: Mapping[str, Any]
) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of every full batch of all epochs, each shuffled."""
    size = settings["batch"]
    for _ in range(settings["epochs"]):
        order = rng.permutation(samples)
        for start in range(0, samples - size + 1, size):
            yield order[start : start + size]
