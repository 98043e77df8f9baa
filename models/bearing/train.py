"""Train the model anew: ``python -m tierbench.models.bearing.train --out DIR``.

Writes bearing.onnx, bearing.tflite and lineage.json. Needs the extra ``train`` and
about five minutes on one core of a desktop.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import training
from ..learner import Learner
from .data import DATA
from .machine import SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

_AUGMENTATION = "half of the batches with the sensor's sign reversed"
SETTINGS = training.settings(
    seed=20_250,
    epochs=14,
    learning_rate_max=6e-3,
    weight_decay=0.02,
    augmentation=_AUGMENTATION,
)
TUNING = training.settings(
    seed=1,
    epochs=3,
    learning_rate_max=1e-3,
    weight_decay=0.02,
    augmentation=_AUGMENTATION,
)


def _network(classes: int, width: float) -> nn.Module:
    """Return the untrained network."""
    from .network import network

    return network(classes, width=width)


def _fold(net: nn.Module) -> nn.Module:
    """Return a copy without batch normalisations."""
    from ..layers import fuse

    return fuse(net)


def augment(
    inputs: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return recordings as they are or, half of the time, with their sign reversed."""
    return -inputs if rng.random() < 0.5 else inputs


LEARNER = Learner(
    name="bearing",
    data=DATA,
    network=_network,
    sample_shape=(1, SAMPLES, 1),
    settings=SETTINGS,
    tuning=TUNING,
    sources=tuple(sorted(Path(__file__).parent.glob("*.py"))),
    augment=augment,
    channel_last=True,
    fold=_fold,
)

if __name__ == "__main__":
    training.command(LEARNER)
