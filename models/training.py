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
from .dataset import Dataset
from .prediction import top1

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from .learner import Learner, Loss

_TOOLS = ("ai-edge-litert", "litert-torch", "numpy", "onnx", "onnxruntime", "torch")


def settings(
    *,
    seed: int,
    epochs: int,
    learning_rate_max: float,
    weight_decay: float,
    augmentation: str,
    batch: int = 128,
) -> dict[str, Any]:
    """Return all settings of a training as they are recorded, the common ones too."""
    return {
        "seed": seed,
        "epochs": epochs,
        "batch": batch,
        "optimiser": "AdamW",
        "learning_rate_max": learning_rate_max,
        "schedule": "one cycle, a fifth of it rising",
        "weight_decay": weight_decay,
        "augmentation": augmentation,
        "chosen": "the last epoch; the evaluation split chose nothing",
    }


def fit(
    learner: Learner,
    settings: Mapping[str, Any],
    net: nn.Module | None = None,
    *,
    width: float = 1.0,
    loss: Loss | None = None,
    each_epoch: Callable[[nn.Module], None] | None = None,
) -> nn.Module:
    """Return a network after the last epoch, in evaluation mode, not folded.

    Args:
        learner: what is learnt, and from what: the split ``training``.
        settings: what ``settings`` returns.
        net: the network to train further; None for a new one of that ``width``.
        width: see ``Learner.network``.
        loss: ``loss(logits, labels, inputs)``, tensors all; None for the learner's,
            or cross-entropy.
        each_epoch: called before every epoch with the network.
    """
    import torch

    # One thread: sums then have one order, and a busy machine is no slower for it.
    torch.set_num_threads(1)
    torch.manual_seed(settings["seed"])
    data, loss = learner.data, loss or learner.loss
    if net is None:
        net = learner.network(len(data.classes), width)
    net.train()
    samples, labels = data.samples("training"), data.labels("training")
    descent = _descent(net, settings, len(labels) // settings["batch"])
    rng = np.random.Generator(np.random.PCG64(settings["seed"]))
    for epoch in range(settings["epochs"]):
        if each_epoch:
            each_epoch(net)
        losses = []
        for chosen in _batches(rng, len(labels), settings["batch"]):
            inputs = learner.augment(learner.inputs(samples[chosen]), rng)
            losses.append(_step(net, descent, inputs, labels[chosen], loss))
        done = f"epoch {epoch + 1}/{settings['epochs']}"
        print(f"{done}: loss {np.mean(losses):.3f}", flush=True)
    return net.to(memory_format=torch.contiguous_format).eval()


def _step(
    net: nn.Module,
    descent: Any,
    inputs: NDArray[np.float32],
    labels: NDArray[np.int64],
    loss: Loss | None,
) -> float:
    """Change the weights once; return the loss before."""
    import torch
    from torch.nn.functional import cross_entropy

    optimiser, schedule = descent
    given = torch.from_numpy(np.ascontiguousarray(inputs))
    truth, logits = torch.from_numpy(labels), net(given)
    lost = loss(logits, truth, given) if loss else cross_entropy(logits, truth)
    optimiser.zero_grad()
    lost.backward()
    optimiser.step()
    schedule.step()
    return float(lost.item())


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


def train(learner: Learner, folder: Path) -> None:
    """Train a reference model anew, export and describe it in a folder."""
    net = learner.fold(fit(learner, learner.settings))
    for format in ("onnx", "tflite"):
        learner.export(net, format, folder / f"{learner.name}.{format}")
    parameters = sum(parameter.numel() for parameter in net.parameters())
    record(folder, learner, parameters)


def record(folder: Path, learner: Learner, parameters: int) -> None:
    """Write lineage.json: what is to be known about a model's files in the folder.

    They are named after the model and hold the network as it was exported.
    """
    model, data = learner.name, learner.data
    assert isinstance(data, Dataset)
    inputs, labels = data.draw("evaluation")
    lineage = {
        "step": "training",
        "model": model,
        "classes": data.classes,
        "parameters": parameters,
        "settings": learner.settings,
        "tools": {tool: version(tool) for tool in _TOOLS},
        "data": {
            name: {
                "seed": split.seed,
                "samples": split.samples,
                "sha256": content_sha256(*data.draw(name)),
            }
            for name, split in data.splits.items()
        },
        "files": {
            path.suffix.removeprefix("."): {
                "name": path.name,
                "sha256": file_sha256(path),
                "size_bytes": path.stat().st_size,
                "top1": round(top1(path, inputs, labels), 6),
            }
            for path in (folder / f"{model}.onnx", folder / f"{model}.tflite")
        },
    }
    text = json.dumps(lineage, indent=2)
    (folder / "lineage.json").write_text(text + "\n", encoding="utf-8")


def command(learner: Learner, arguments: Sequence[str] | None = None) -> None:
    """Read the command line of a model's training, ``--out FOLDER``, and train."""
    parser = argparse.ArgumentParser(
        description=f"Train the {learner.name} model anew."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    folder: Path = parser.parse_args(arguments).out
    folder.mkdir(parents=True, exist_ok=True)
    train(learner, folder)
