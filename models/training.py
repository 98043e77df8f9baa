"""Train a reference model anew and record how: what the models' trainings share.

This module needs the extra ``train``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..harness.hashing import file_sha256
from .content import content_sha256
from .prediction import top1
from .splits import Split

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    Batch = Callable[[NDArray[np.int64], np.random.Generator], NDArray[np.float32]]
    Draw = Callable[[str], tuple[NDArray[np.float32], NDArray[np.int64]]]

_TOOLS = ("ai-edge-litert", "litert-torch", "numpy", "onnx", "onnxruntime", "torch")


def fit(
    make: Callable[[], nn.Module],
    batch: Batch,
    labels: NDArray[np.int64],
    settings: Mapping[str, Any],
) -> nn.Module:
    """Return the network after the last epoch.

    Args:
        make: returns the untrained network, which gives logits; called once seeded.
        batch: returns the inputs of the chosen samples in the network's own layout,
            augmented by the generator if need be.
        labels: class indices of all training samples, int64 [n].
        settings: ``seed``, ``epochs``, ``batch``, ``learning_rate_max`` and
            ``weight_decay``.
    """
    import torch
    from torch.nn.functional import cross_entropy

    # One thread: sums then have one order, and a busy machine is no slower for it.
    torch.set_num_threads(1)
    torch.manual_seed(settings["seed"])
    net = make().train()
    optimiser, schedule = _descent(net, settings, len(labels) // settings["batch"])
    rng = np.random.Generator(np.random.PCG64(settings["seed"]))
    for epoch in range(settings["epochs"]):
        losses = []
        for chosen in _batches(rng, len(labels), settings["batch"]):
            inputs = torch.from_numpy(np.ascontiguousarray(batch(chosen, rng)))
            loss = cross_entropy(net(inputs), torch.from_numpy(labels[chosen]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        done = f"epoch {epoch + 1}/{settings['epochs']}"
        print(f"{done}: loss {np.mean(losses):.3f}", flush=True)
    return net.to(memory_format=torch.contiguous_format)


def _descent(net: nn.Module, settings: Mapping[str, Any], steps: int) -> Any:
    """Return the optimiser of the network's weights and its learning rate's course."""
    from torch.optim import AdamW
    from torch.optim.lr_scheduler import OneCycleLR

    peak = settings["learning_rate_max"]
    optimiser = AdamW(net.parameters(), lr=peak, weight_decay=settings["weight_decay"])
    schedule = OneCycleLR(
        optimiser,
        peak,
        epochs=settings["epochs"],
        steps_per_epoch=steps,
        pct_start=0.2,
    )
    return optimiser, schedule


def _batches(
    rng: np.random.Generator, samples: int, size: int
) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of every full batch of a shuffled epoch."""
    order = rng.permutation(samples)
    for start in range(0, samples - size + 1, size):
        yield order[start : start + size]


def describe(
    *,
    model: str,
    classes: Sequence[str],
    parameters: int,
    settings: Mapping[str, Any],
    splits: Mapping[str, Split],
    draw: Draw,
    files: Mapping[str, Path],
) -> dict[str, Any]:
    """Return what is to be known about the files and where they come from.

    ``draw(split)`` returns the inputs and labels of a split by its name; ``files``
    are the fp32 files by format.
    """
    inputs, labels = draw("evaluation")
    return {
        "step": "training",
        "model": model,
        "classes": classes,
        "parameters": parameters,
        "settings": settings,
        "tools": {tool: version(tool) for tool in _TOOLS},
        "data": {
            name: {
                "seed": split.seed,
                "samples": split.samples,
                "sha256": content_sha256(*draw(name)),
            }
            for name, split in splits.items()
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


def write(lineage: Mapping[str, Any], folder: Path) -> None:
    """Write the record beside the files that it describes."""
    text = json.dumps(lineage, indent=2)
    (folder / "lineage.json").write_text(text + "\n", encoding="utf-8")


def command(
    model: str, train: Callable[[Path], None], arguments: Sequence[str] | None = None
) -> None:
    """Read the command line of a model's training, ``--out FOLDER``, and train."""
    parser = argparse.ArgumentParser(description=f"Train the {model} model anew.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    folder: Path = parser.parse_args(arguments).out
    folder.mkdir(parents=True, exist_ok=True)
    train(folder)
