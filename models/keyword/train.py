"""Train the model anew: ``python -m tierbench.models.keyword.train --out DIR``.

Writes keyword.onnx, keyword.tflite and lineage.json. Needs the extra ``train`` and
about ten minutes on one core of a desktop.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import training
from ..learner import Learner
from .data import DATA
from .features import BANDS, FRAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

_AUGMENTATION = "up to 8 frames earlier or later, up to 8 dB louder or softer"
SETTINGS = training.settings(
    seed=20_251,
    epochs=24,
    learning_rate_max=3e-3,
    weight_decay=0.05,
    augmentation=_AUGMENTATION,
)
TUNING = training.settings(
    seed=1,
    epochs=3,
    learning_rate_max=5e-4,
    weight_decay=0.05,
    augmentation=_AUGMENTATION,
)
_SHIFT = 8
_LOUDER = 0.1


def _network(classes: int, width: float) -> nn.Module:
    """Return the untrained network."""
    from .network import network

    return network(classes, width=width)


def _for_tflite(net: nn.Module) -> nn.Module:
    """Return a copy without operators that TFLite lacks."""
    from .network import spell_out

    return spell_out(net)


def _heads(net: nn.Module) -> dict[nn.Module, int]:
    """Return the width of a head by the layer that gives the heads' queries."""
    from .network import Attention

    attentions = [module for module in net.modules() if isinstance(module, Attention)]
    return {attention.query: attention.size for attention in attentions}


def augment(
    inputs: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return patches moved in time, all by the same, and in level, each by its own."""
    moved = np.roll(inputs, int(rng.integers(-_SHIFT, _SHIFT + 1)), axis=1)
    louder = rng.uniform(-_LOUDER, _LOUDER, (len(inputs), 1, 1))
    return moved + louder.astype(np.float32)


LEARNER = Learner(
    name="keyword",
    data=DATA,
    network=_network,
    sample_shape=(FRAMES, BANDS),
    settings=SETTINGS,
    tuning=TUNING,
    sources=tuple(sorted(Path(__file__).parent.glob("*.py"))),
    augment=augment,
    for_tflite=_for_tflite,
    # 13 divides no size in the network.
    traced=13,
    heads=_heads,
)

if __name__ == "__main__":
    training.command(LEARNER)
