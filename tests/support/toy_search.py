"""A search whose networks nobody trains: for what must be kept, not for what is best.

Usage: python toy_search.py FOLDER TRIALS LOG MEASURED

Made to be killed: after so many measurements it hangs in the next.
"""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tierbench.models.search.latency import Latency
from tierbench.models.search.proxy import Trained
from tierbench.models.shape import Shape

ASKED = {"model": "toy", "seed": 1, "training": {"epochs": 1}}
CHOICES = {"width": (8, 16, 24, 32), "depth": (1, 2, 3, 4, 5, 6)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToyShape(Shape):
    """A network of so many layers of so many channels, on paper."""

    width: int = 16
    depth: int = 2


def train(shape: ToyShape) -> Trained:
    """Return what a wide and deep network gets right: more."""
    return Trained(
        path=Path(f"{shape.label}.onnx"),
        sha256=f"{shape.width:032}{shape.depth:032}",
        correct=10 * shape.depth + shape.width,
        n=100,
        parameters=shape.width**2 * shape.depth,
        macs=None,
    )


def measure(name: str, path: Path) -> Latency:
    """Return what a wide and deep network takes: longer."""
    width, depth = map(int, name.split("-"))
    ratio = width * depth / 32
    return Latency(
        ratio=ratio, interval=None, rounds=9, median_ns=1.0, reference_ns=1.0
    )


def search(study, *, train=train, measure=measure, **changes):
    """Return a search of the toy space."""
    from tierbench.models.search.study import Search

    told = {"sampler": "random", "seed": 1, "choices": CHOICES, **changes}
    return Search(
        study=study,
        shape=ToyShape,
        train=train,
        measure=measure,
        **told,
    )


def _main(folder: Path, trials: int, log: str, measured: int) -> None:
    from tierbench.models.search.study import open_study

    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    left = [measured]

    def tell(word: str, label: str) -> None:
        os.write(descriptor, f"{word} {label}\n".encode())

    def measured_once(name: str, path: Path) -> Latency:
        if not left[0]:
            tell("hangs", name)
            time.sleep(600)
        left[0] -= 1
        return measure(name, path)

    with open_study(folder, ASKED) as study:
        tried = search(study, measure=measured_once)
        tried.go_on(trials, lambda trial: tell("counts", trial.shape.label))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
