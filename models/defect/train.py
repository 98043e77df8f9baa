"""Train the model anew: ``python -m tierbench.models.defect.train --out DIR``.

Writes defect.onnx, defect.tflite and lineage.json. Needs the extra ``train`` and
about ten minutes on one core of a desktop.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import training
from ..learner import Learner
from .data import DATA
from .raster import SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

_AUGMENTATION = "half of the batches mirrored left to right"
SETTINGS = training.settings(
    seed=20_250,
    epochs=10,
    learning_rate_max=4e-3,
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
    """Return the untrained network, laid out as its convolutions are fastest."""
    import torch

    from .network import network

    return network(classes, width=width).to(memory_format=torch.channels_last)


def _fold(net: nn.Module) -> nn.Module:
    """Return a copy without batch normalisations."""
    from ..layers import fuse

    return fuse(net)


def augment(
    inputs: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return images as they are or, half of the time, mirrored left to right."""
    return inputs[..., ::-1] if rng.random() < 0.5 else inputs


LEARNER = Learner(
    name="defect",
    data=DATA,
    network=_network,
    sample_shape=(SIDE, SIDE, 1),
    settings=SETTINGS,
    tuning=TUNING,
    sources=tuple(sorted(Path(__file__).parent.glob("*.py"))),
    augment=augment,
    channel_last=True,
    fold=_fold,
)

if __name__ == "__main__":
    training.command(LEARNER)
