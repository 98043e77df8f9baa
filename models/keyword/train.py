"""Train the model anew: ``python -m tierbench.models.keyword.train --out DIR``.

Writes keyword.onnx, keyword.tflite and lineage.json. Needs the extra ``train`` and
about ten minutes on one core of a desktop.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import training
from .data import DATA
from .features import BANDS, FRAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

SETTINGS: dict[str, Any] = {
    "seed": 20_251,
    "epochs": 24,
    "batch": 128,
    "optimiser": "AdamW",
    "learning_rate_max": 3e-3,
    "schedule": "one cycle, a fifth of it rising",
    "weight_decay": 0.05,
    "augmentation": "up to 8 frames earlier or later, up to 8 dB louder or softer",
    "chosen": "the last epoch; the evaluation split chose nothing",
}
_SHIFT = 8
_LOUDER = 0.1
_TRACED = 13
"""Samples in the trace of the TFLite file: 13 divides no size in the network."""


def train(out: Path) -> None:
    """Train, export and describe the model in a folder."""
    from ..export import export_onnx, export_tflite
    from .network import spell_out

    net = _fit().eval()
    files = {"onnx": out / "keyword.onnx", "tflite": out / "keyword.tflite"}
    export_onnx(net, (FRAMES, BANDS), files["onnx"])
    export_tflite(spell_out(net), (FRAMES, BANDS), files["tflite"], traced=_TRACED)
    lineage = training.describe(
        model="keyword",
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

    patches = DATA.samples("training")

    def batch(
        chosen: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        return augment(DATA.as_input(patches[chosen]), rng)

    return training.fit(
        lambda: network(len(DATA.classes)),
        batch,
        DATA.labels("training"),
        SETTINGS,
    )


def augment(
    inputs: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return patches moved in time, all by the same, and in level, each by its own."""
    moved = np.roll(inputs, int(rng.integers(-_SHIFT, _SHIFT + 1)), axis=1)
    louder = rng.uniform(-_LOUDER, _LOUDER, (len(inputs), 1, 1))
    return moved + louder.astype(np.float32)


if __name__ == "__main__":
    training.command("keyword", train)
