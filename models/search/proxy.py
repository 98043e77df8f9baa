"""Train a network for a moment: long enough to rank it among others.

A trained network is kept by what decides its weights, and never trained twice. The
training itself needs the extra ``train``.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...harness.cache import cache_folder, write_atomically
from ...harness.errors import InfrastructureError, InputError
from ...harness.formats import inspect_model
from ...harness.hashing import file_sha256
from ...harness.values import canonical_json

if TYPE_CHECKING:
    from ..shape import Shape
    from .learning import Drawn
    from .subject import Subject

_VALIDATION = 0x56
_TOOLS = {
    "onnx": ("numpy", "onnx", "torch"),
    "tflite": ("litert-torch", "numpy", "torch"),
}
"""What decides a network's file, by its format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long a network is trained, and on how many samples it is then judged.

    ``docs/search.md`` tells how well this ranks networks as longer trainings do.
    """

    samples: int = 4_000
    epochs: int = 2
    batch: int = 64
    validation: int = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained network's file, how many validation samples it got right, its size.

    ``macs`` are those of one sample: recorded, and never what is searched for.
    """

    path: Path
    sha256: str
    correct: int
    n: int
    parameters: int | None
    macs: int | None

    @property
    def accuracy(self) -> float:
        """Return the share of validation samples that it got right."""
        return self.correct / self.n


@dataclass(kw_only=True)
class Trainer:
    """Train networks of one family, each once: they are kept in the folder."""

    subject: Subject
    seed: int
    format: str
    folder: Path
    budget: Budget = field(default_factory=Budget)

    @property
    def plain(self) -> dict[str, Any]:
        """Return what decides a network's weights besides its shape."""
        own = {"seed": self.seed, "validation_stream": _VALIDATION}
        return {
            "training": {**self.subject.learner.settings, **asdict(self.budget), **own}
        }

    def __call__(self, shape: Shape) -> Trained:
        """Return the trained network.

        Raises:
            InfrastructureError: the file cannot be kept.
        """
        record = self._record(shape)
        key = hashlib.sha256(canonical_json(record).encode()).hexdigest()
        path = self.folder / f"{self.subject.model}-{key[:32]}.{self.format}"
        kept = _read(path)
        if kept is not None:
            return kept
        correct = self._train(shape, path)
        profile = inspect_model(path, cache_folder("profiles"))
        found: dict[str, Any] = {
            "sha256": file_sha256(path),
            "correct": correct,
            "n": self.budget.validation,
            "parameters": profile.parameters,
            "macs": profile.macs_total,
        }
        told = json.dumps({"lineage": record, "found": found}, indent=2)
        write_atomically(path.with_suffix(".json"), told.encode())
        return Trained(path=path, **found)

    def _record(self, shape: Shape) -> dict[str, Any]:
        """Return everything that decides the result: one step of a lineage."""
        return {
            "step": "search",
            "model": self.subject.model,
            "format": self.format,
            "shape": asdict(shape),
            **self.plain,
            "tools": {tool: version(tool) for tool in _TOOLS[self.format]},
            "code_sha256": self.subject.code_sha256,
        }

    def _train(self, shape: Shape, path: Path) -> int:
        """Train and write a network; return how many samples it got right."""
        from .learning import correct_answers, learn

        net = learn(self.subject, shape, self._data, self.plain["training"])
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=".net-") as made:
                draft = Path(made) / path.name
                self.subject.export(net, self.format, draft)
                correct = correct_answers(draft, self._data)
                os.replace(draft, path)
        except OSError as exc:
            raise InfrastructureError(
                f"network {path.name!r} cannot be kept in {str(self.folder)!r}: "
                f"{exc.strerror or exc}; free some space, or set XDG_CACHE_HOME to a "
                "folder that can be written"
            ) from exc
        return correct

    @cached_property
    def _data(self) -> Drawn:
        """Draw what is learnt, and what judges: neither is the evaluation split."""
        from .learning import Drawn

        data, budget = self.subject.data, self.budget
        training = data.splits["training"]
        splits = {
            "training": replace(training, samples=budget.samples),
            "validation": training.beside(_VALIDATION, budget.validation),
        }
        drawn = replace(data, splits=splits)
        return Drawn(
            subject=self.subject, drawn={name: drawn.samples(name) for name in splits}
        )


def _read(path: Path) -> Trained | None:
    """Return what is kept of a network, None where it is not whole."""
    try:
        told = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        found = Trained(path=path, **told["found"])
        return found if file_sha256(path) == found.sha256 else None
    except (OSError, ValueError, TypeError, KeyError, InputError):
        return None
