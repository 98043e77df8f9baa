"""Train the model anew: ``python -m tierbench.models.bearing.train --out DIR``.

Writes bearing.onnx, bearing.tflite and lineage.json. Needs the extra ``train`` and
about five minutes on one core of a desktop.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import training
from .data import DATA
from .machine import SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

SETTINGS: dict[str, Any] = {
    "seed": 20_250,
    "epochs": 14,
    "batch": 128,
    "optimiser": "AdamW",
    "learning_rate_max": 6e-3,
    "schedule": "one cycle, a fifth of it rising",
    "weight_decay": 0.02,
    "augmentation": "half of the batches with the sensor's sign reversed",
    "chosen": "the last epoch; the evaluation split chose nothing",
}
_SHAPE = (1, SAMPLES, 1)


def train(out: Path) -> None:
    """Train, export and describe the model in a folder."""
    from ..export import export_onnx, export_tflite
    from ..layers import fuse

    net = fuse(_fit())
    files = {"onnx": out / "bearing.onnx", "tflite": out / "bearing.tflite"}
    export_onnx(net, _SHAPE, files["onnx"], channel_last=True)
    export_tflite(net, _SHAPE, files["tflite"], channel_last=True)
    lineage = training.describe(
        model="bearing",
        classes=DATA.classes,
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        settings=SETTINGS,
        splits=DATA.splits,
        draw=DATA.draw,
        files=files,
    )
    training.write(lineage, out)


def _fit() -> nn.Module:
    from .network import network

    recordings = DATA.samples("training")

    def batch(
        chosen: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        inputs = DATA.as_input(recordings[chosen]).transpose(0, 3, 1, 2)
        return -inputs if rng.random() < 0.5 else inputs

    return training.fit(
        lambda: network(len(DATA.classes)),
        batch,
        DATA.labels("training"),
        SETTINGS,
    )


if __name__ == "__main__":
    training.command("bearing", train)
