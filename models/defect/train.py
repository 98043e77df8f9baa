"""Train the model anew: ``python -m tierbench.models.defect.train --out DIR``.

Writes defect.onnx, defect.tflite and lineage.json. Needs the extra ``train`` and
about ten minutes on one core of a desktop.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import training
from .data import DATA
from .raster import SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

SETTINGS = training.settings(
    seed=20_250,
    epochs=10,
    learning_rate_max=4e-3,
    weight_decay=0.02,
    augmentation="half of the batches mirrored left to right",
)
_SHAPE = (SIDE, SIDE, 1)


def train(out: Path) -> None:
    """Train, export and describe the model in a folder."""
    from ..export import export_onnx, export_tflite
    from ..layers import fuse

    net = fuse(training.fit(_network, DATA, augment, SETTINGS, channel_last=True))
    export_onnx(net, _SHAPE, out / "defect.onnx", channel_last=True)
    export_tflite(net, _SHAPE, out / "defect.tflite", channel_last=True)
    training.record(out, "defect", net, DATA, SETTINGS)


def _network(classes: int) -> nn.Module:
    """Return the untrained network, laid out as its convolutions are fastest."""
    import torch

    from .network import network

    return network(classes).to(memory_format=torch.channels_last)


def augment(
    inputs: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return images as they are or, half of the time, mirrored left to right."""
    return inputs[..., ::-1] if rng.random() < 0.5 else inputs


if __name__ == "__main__":
    training.command("defect", train)
