"""Train the model anew: ``python -m tierbench.models.keyword.train --out DIR``.

Writes keyword.onnx, keyword.tflite and lineage.json. Needs the extra ``train`` and
about ten minutes on one core of a desktop.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import training
from .data import DATA
from .features import BANDS, FRAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

SETTINGS = training.settings(
    seed=20_251,
    epochs=24,
    learning_rate_max=3e-3,
    weight_decay=0.05,
    augmentation="up to 8 frames earlier or later, up to 8 dB louder or softer",
)
_SHAPE = (FRAMES, BANDS)
_SHIFT = 8
_LOUDER = 0.1
_TRACED = 13
"""Samples in the trace of the TFLite file: 13 divides no size in the network."""


def train(out: Path) -> None:
    """Train, export and describe the model in a folder."""
    from ..export import export_onnx, export_tflite
    from .network import network, spell_out

    net = training.fit(network, DATA, augment, SETTINGS)
    export_onnx(net, _SHAPE, out / "keyword.onnx")
    export_tflite(spell_out(net), _SHAPE, out / "keyword.tflite", traced=_TRACED)
    training.record(out, "keyword", net, DATA, SETTINGS)


def augment(
    inputs: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return patches moved in time, all by the same, and in level, each by its own."""
    moved = np.roll(inputs, int(rng.integers(-_SHIFT, _SHIFT + 1)), axis=1)
    louder = rng.uniform(-_LOUDER, _LOUDER, (len(inputs), 1, 1))
    return moved + louder.astype(np.float32)


if __name__ == "__main__":
    training.command("keyword", train)
