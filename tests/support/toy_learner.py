"""A learner that is trained in a second: stripes of four directions."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tierbench.models.content import content_sha256
from tierbench.models.learner import Learner

from .components import missing

SIDE = 8
CLASSES = ("level", "upright", "rising", "falling")


def need_torch() -> None:
    """Skip, or fail where it is required, unless torch is installed."""
    if importlib.util.find_spec("torch") is None:
        missing("train", "torch is not installed")


@dataclass(frozen=True)
class Stripes:
    """Images of noisy stripes, float32 [n, SIDE, SIDE, 1]."""

    n: int = 256

    classes = CLASSES

    def samples(self, split):
        seed = ("training", "calibration", "evaluation").index(split)
        rng = np.random.Generator(np.random.PCG64(seed))
        y, x = np.mgrid[:SIDE, :SIDE]
        along = np.stack([y, x, x + y, x - y])[self.labels(split)]
        phase = rng.uniform(0, 6.28, (self.n, 1, 1))
        noise = rng.normal(0, 0.3, along.shape)
        return (np.sin(along * 1.6 + phase) + noise).astype(np.float32)

    def labels(self, split):
        return np.arange(self.n, dtype=np.int64) % len(CLASSES)

    def as_input(self, samples):
        return samples[..., None]

    def sha256(self, split):
        return content_sha256(self.as_input(self.samples(split)), self.labels(split))


SETTINGS = {
    "seed": 3,
    "epochs": 4,
    "batch": 32,
    "learning_rate_max": 2e-2,
    "weight_decay": 0.01,
}


def network(classes, width):
    """Return a small net with all that the reference networks consist of."""
    from torch import nn

    from tierbench.models.layers import Residual

    def separable(inputs, outputs):
        return [
            nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]

    channels = int(32 * width)
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        *separable(16, channels),
        Residual(nn.Sequential(*separable(channels, channels))),
        nn.AvgPool2d(SIDE),
        nn.Flatten(),
        nn.Linear(channels, classes),
    )


def fold(net):
    from tierbench.models.layers import fuse

    return fuse(net)


LEARNER = Learner(
    name="stripes",
    data=Stripes(),
    network=network,
    sample_shape=(SIDE, SIDE, 1),
    settings=SETTINGS,
    tuning={**SETTINGS, "epochs": 2, "learning_rate_max": 4e-3},
    sources=(Path(__file__),),
    augment=lambda inputs, _: inputs,
    channel_last=True,
    fold=fold,
)
