"""Train the model anew: ``python -m tierbench.models.bearing.train --out DIR``.

Writes bearing.onnx, bearing.tflite and lineage.json. Needs the extra ``train`` and
about five minutes on one core of a desktop.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import training
from .data import DATA
from .machine import SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

SETTINGS = training.settings(
    seed=20_250,
    epochs=14,
    learning_rate_max=6e-3,
    weight_decay=0.02,
    augmentation="half of the batches with the sensor's sign reversed",
)
_SHAPE = (1, SAMPLES, 1)


def train(out: Path) -> None:
    """Train, export and describe the model in a folder."""
    from ..export import export_onnx, export_tflite
    from ..layers import fuse
    from .network import network

    net = fuse(training.fit(network, DATA, augment, SETTINGS, channel_last=True))
    export_onnx(net, _SHAPE, out / "bearing.onnx", channel_last=True)
    export_tflite(net, _SHAPE, out / "bearing.tflite", channel_last=True)
    training.record(out, "bearing", net, DATA, SETTINGS)


def augment(
    inputs: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return recordings as they are or, half of the time, with their sign reversed."""
    return -inputs if rng.random() < 0.5 else inputs


if __name__ == "__main__":
    training.command("bearing", train)
