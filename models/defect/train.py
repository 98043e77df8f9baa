"""Train the model anew: ``python -m tierbench.models.defect.train --out DIR``.

Writes defect.onnx, defect.tflite and lineage.json. Needs the extra ``train`` and
about ten minutes on one core of a desktop.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...harness.hashing import file_sha256
from . import data
from .prediction import top1

if TYPE_CHECKING:
    from numpy.typing import NDArray

SETTINGS: dict[str, Any] = {
    "seed": 20_250,
    "epochs": 10,
    "batch": 128,
    "optimiser": "AdamW",
    "learning_rate_max": 4e-3,
    "schedule": "one cycle, a fifth of it rising",
    "weight_decay": 0.02,
    "augmentation": "half of the batches mirrored left to right",
    "chosen": "the last epoch; the evaluation split chose nothing",
}
_TOOLS = ("ai-edge-litert", "litert-torch", "numpy", "onnx", "onnxruntime", "torch")


def train(out: Path) -> None:
    """Train, export and describe the model in a folder, which is made if need be."""
    from .export import export_onnx, export_tflite
    from .network import fuse

    out.mkdir(parents=True, exist_ok=True)
    net = fuse(_fit())
    files = {"onnx": out / "defect.onnx", "tflite": out / "defect.tflite"}
    export_onnx(net, files["onnx"])
    export_tflite(net, files["tflite"])
    text = json.dumps(_lineage(net, files), indent=2)
    (out / "lineage.json").write_text(text + "\n", encoding="utf-8")


def _fit() -> Any:
    """Return the network after the last epoch."""
    import torch
    from torch.nn.functional import cross_entropy

    from .network import network

    # One thread: sums then have one order, and a busy machine is no slower for it.
    torch.set_num_threads(1)
    torch.manual_seed(SETTINGS["seed"])
    net = network(len(data.CLASSES)).to(memory_format=torch.channels_last)
    pixels, labels = data.images(data.TRAINING), data.labels(data.TRAINING)
    epochs = SETTINGS["epochs"]
    optimiser, schedule = _descent(net, len(pixels) // SETTINGS["batch"])
    rng = np.random.Generator(np.random.PCG64(SETTINGS["seed"]))
    for epoch in range(epochs):
        losses = []
        for chosen in _batches(rng, len(pixels)):
            batch = data.as_input(pixels[chosen]).transpose(0, 3, 1, 2)
            if rng.random() < 0.5:
                batch = batch[..., ::-1]
            images = torch.from_numpy(batch.copy())
            loss = cross_entropy(net(images), torch.from_numpy(labels[chosen]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}/{epochs}: loss {np.mean(losses):.3f}", flush=True)
    return net.to(memory_format=torch.contiguous_format)


def _descent(net: Any, steps_per_epoch: int) -> tuple[Any, Any]:
    """Return the optimiser of the network's weights and its learning rate's course."""
    from torch.optim import AdamW
    from torch.optim.lr_scheduler import OneCycleLR

    peak = SETTINGS["learning_rate_max"]
    optimiser = AdamW(net.parameters(), lr=peak, weight_decay=SETTINGS["weight_decay"])
    schedule = OneCycleLR(
        optimiser,
        peak,
        epochs=SETTINGS["epochs"],
        steps_per_epoch=steps_per_epoch,
        pct_start=0.2,
    )
    return optimiser, schedule


def _batches(rng: np.random.Generator, images: int) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of every full batch of a shuffled epoch."""
    order, size = rng.permutation(images), SETTINGS["batch"]
    for start in range(0, images - size + 1, size):
        yield order[start : start + size]


def _lineage(net: Any, files: dict[str, Path]) -> dict[str, Any]:
    """Return what is to be known about the files and where they come from."""
    inputs = data.as_input(data.images(data.EVALUATION))
    labels = data.labels(data.EVALUATION)
    return {
        "step": "training",
        "model": "defect",
        "classes": data.CLASSES,
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "settings": SETTINGS,
        "tools": {tool: version(tool) for tool in _TOOLS},
        "data": {
            split.name: {
                "seed": split.seed,
                "images": split.images,
                "sha256": data.sha256(split),
            }
            for split in data.SPLITS.values()
        },
        "files": {
            format: {
                "name": path.name,
                "sha256": file_sha256(path),
                "size_bytes": path.stat().st_size,
                "top1": round(top1(path, inputs, labels), 6),
            }
            for format, path in files.items()
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train the defect model anew.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    train(parser.parse_args(arguments).out)


if __name__ == "__main__":
    main()
