"""A network of one's own as a model of tierbench: see README.md."""

from pathlib import Path

import numpy as np

from tierbench.models.own import own_model

HERE = Path(__file__).parent
SEEDS = {"training": 1, "calibration": 2, "evaluation": 3}
SEGMENTS = [0x77, 0x24, 0x5D, 0x6D, 0x2E, 0x6B, 0x7B, 0x25, 0x7F, 0x6F]


def draw(split):
    """Return noisy digits as a seven-segment display shows them, [n, 16, 16, 1]."""
    rng = np.random.default_rng(SEEDS[split])
    count = 1024 if split == "training" else 256
    labels = np.arange(count, dtype=np.int64) % 10
    images = rng.normal(0.0, 0.6, (count, 16, 16)).astype(np.float32)
    for image, label in zip(images, labels, strict=True):
        y, x = rng.integers(0, 4, 2)
        lit = [SEGMENTS[label] >> bit & 1 for bit in range(7)]
        for on, (top, left, height, width) in zip(lit, BARS, strict=True):
            image[y + top : y + top + height, x + left : x + left + width] += on
    return images[..., None], labels


BARS = [
    *((0, 1, 1, 6), (1, 0, 5, 1), (1, 7, 5, 1), (6, 1, 1, 6)),
    *((7, 0, 4, 1), (7, 7, 4, 1), (11, 1, 1, 6)),
]


def data():
    """Return inputs and labels of every split."""
    return {split: draw(split) for split in SEEDS}


def untrained():
    """Return the module: it takes [n, 1, 16, 16] and gives logits."""
    from torch import nn

    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, padding=1, stride=2), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.Conv2d(32, 32, 3, padding=1, stride=2), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(512, 10)),
    )


def network():
    """Return the module with the weights that ``train`` has written."""
    import torch

    net = untrained()
    net.load_state_dict(torch.load(HERE / "digits.pt", weights_only=True))
    return net


model = own_model(
    name="digits",
    network=network,
    data=data,
    classes=[str(digit) for digit in range(10)],
    channel_last=True,
    batch=64,
)


def train():
    """Train the network as you train yours, and keep its weights."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(0)
    torch.set_num_threads(1)
    images, labels = draw("training")
    inputs = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    truth = torch.from_numpy(labels)
    net = untrained()
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for _ in range(6):
        for chosen in torch.randperm(len(truth)).split(64):
            optimiser.zero_grad()
            cross_entropy(net(inputs[chosen]), truth[chosen]).backward()
            optimiser.step()
    torch.save(net.state_dict(), HERE / "digits.pt")


if __name__ == "__main__":
    train()
