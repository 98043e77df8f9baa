"""Variants that training makes: a chain of techniques, and at most one recipe after.

Every step's result is kept by content: weights as .npz, then a file of either format.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..harness.chain import Step, chain_text
from ..harness.errors import ChainError, InfrastructureError, ModelError, NotInstalled
from ..harness.hashing import file_sha256
from ..harness.lock import locked
from ..harness.model import BuiltVariant
from ..harness.values import canonical_json
from .child import run
from .kept import Kept
from .learner import Learner
from .route import SOURCE
from .techniques import found

if TYPE_CHECKING:
    from torch import nn

    from .techniques import Technique

_TRAINING_CPU_S = 24 * 3600
_EXPORT_TOOLS = {
    "onnx": ("onnx", "onnxscript", "torch"),
    "tflite": ("ai-edge-litert", "litert-converter", "litert-torch", "torch"),
}
_SHARED = (
    *("batch.py", "dataset.py", "export.py", "layers.py", "learner.py", "shape.py"),
    *("splits.py", "trained.py", "training.py", "weights.py"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Where a network's weights lie, and how they came about.

    ``width`` is that of the network which they are for.
    """

    path: Path
    width: float
    lineage: tuple[Mapping[str, Any], ...]


class Trainer:
    """Trains one model's networks, unless the cache has them."""

    def __init__(
        self,
        learner: Learner,
        source: Path,
        origin: Mapping[str, Any],
        data_sha256: Mapping[str, str],
    ) -> None:
        """Take what is learnt and where it starts.

        Args:
            learner: the model.
            source: its trained weights: its fp32 file, .onnx, or what
                ``weights.save`` wrote.
            origin: the first step of every lineage: where the source comes from.
            data_sha256: of the splits ``training`` and ``calibration``.
        """
        self._learner = learner
        self._source = Weights(path=source, width=1.0, lineage=(origin,))
        self._data_sha256 = data_sha256

    def check(self, steps: Sequence[Step]) -> None:
        """Check a chain of techniques before any time is spent.

        Raises:
            ChainError: a step is no technique, or is given what it cannot take.
        """
        check_steps(steps, self._learner)

    def export(
        self,
        steps: Sequence[Step],
        format: str,
        cache: Path,
        settings: Sequence[Mapping[str, Any]] = (),
    ) -> BuiltVariant:
        """Return the fp32 file of the network that the steps make, trained if need be.

        Without steps it is the network that they would start from. ``settings`` are of
        every step, in place of those that it has here and now.

        Raises:
            ChainError: see ``check``.
            ModelError: a step failed; its last words are in the message.
            DataError: the samples drawn here are not the recorded ones.
            InfrastructureError: a tool is not installed, or the cache not writable.
        """
        self.check(steps)
        weights = self._source
        given = settings or [{} for _ in steps]
        for number, (step, own) in enumerate(zip(steps, given, strict=True), start=1):
            name = chain_text(tuple(steps[:number]))
            weights = self._step(weights, step, name, own, cache)
        name = chain_text(tuple(steps)) or SOURCE
        record = {
            "step": "export",
            "format": format,
            "tools": versions(_EXPORT_TOOLS[format]),
            "code_sha256": self._code_sha256,
            "parent_sha256": file_sha256(weights.path),
        }
        path = self._place(name, record, format, cache)
        if not path.exists():
            _make(path, lambda made: self._write(weights, format, made))
        return BuiltVariant(
            path=path,
            recipe=name,
            weight_bits=32,
            activation_bits=32,
            lineage=(*weights.lineage, record),
        )

    def _step(
        self,
        before: Weights,
        step: Step,
        name: str,
        own: Mapping[str, Any],
        cache: Path,
    ) -> Weights:
        technique = technique_of(step)
        given = technique.given(step)
        settings = {**technique.settings(step, self._learner), **own}
        splits = (
            ("training", "calibration") if technique.is_calibrated else ("training",)
        )
        record = {
            "step": "technique",
            "technique": str(step),
            "settings": settings,
            "tools": versions(technique.tools),
            "code_sha256": self._code_sha256,
            "data_sha256": {split: self._data_sha256[split] for split in splits},
            "parent_sha256": file_sha256(before.path),
        }
        path = self._place(name, record, "npz", cache)
        width = given if technique.has_width else before.width
        if not path.exists():
            _make(
                path,
                lambda made: self._train(
                    technique, given, settings, before, cache, made
                ),
            )
        return Weights(path=path, width=width, lineage=(*before.lineage, record))

    def _train(
        self,
        technique: Technique,
        given: Any,
        settings: Mapping[str, Any],
        before: Weights,
        cache: Path,
        made: Path,
    ) -> None:
        from . import weights

        learner = self._learner
        if learner.is_drawn:
            kept = Kept(learner.data, self._data_sha256, learner.name, cache)
            learner = replace(learner, data=kept)
        net = technique.apply(self._network(before), given, learner, settings)
        found = weights.of_network(net)
        if wrong := weights.not_finite(found):
            raise ModelError(
                f"training ended with NaN or infinity in {', '.join(wrong[:3])!r}; "
                "it diverged: lower the learning rate, or look at the loss"
            )
        weights.save(found, made)

    def _network(self, place: Weights) -> nn.Module:
        from . import weights

        is_file = place.path.suffix == ".onnx"
        read = weights.of_onnx if is_file else weights.read
        return weights.load(self._learner.folded(place.width), read(place.path))

    def _write(self, place: Weights, format: str, made: Path) -> None:
        self._learner.export(self._network(place), format, made)

    def _place(
        self, name: str, record: Mapping[str, Any], suffix: str, cache: Path
    ) -> Path:
        key = hashlib.sha256(canonical_json(record).encode()).hexdigest()
        slug = re.sub(r"[^a-z0-9.=]+", "-", name).strip("-")[:80]
        return cache / f"{self._learner.name}-{slug}-{key[:32]}.{suffix}"

    @cached_property
    def _code_sha256(self) -> str:
        """Return a hash of all code that decides what training makes."""
        here = Path(__file__).parent
        shared = [here / name for name in _SHARED]
        files = [*shared, *(here / "techniques").glob("*.py"), *self._learner.sources]
        digest = hashlib.sha256()
        for path in sorted(files, key=lambda path: (path.parent.name, path.name)):
            digest.update(
                f"{path.parent.name}/{path.name} {file_sha256(path)}\n".encode()
            )
        return digest.hexdigest()


def check_steps(steps: Sequence[Step], learner: Learner) -> None:
    """Check a chain of techniques before any time is spent.

    Raises:
        ChainError: a step is no technique, or is given what it cannot take.
    """
    for step in steps:
        technique_of(step).check(step, learner)


def technique_of(step: Step) -> Technique:
    """Return the technique that a step names.

    Raises:
        ChainError: there is none.
    """
    known = found.names()
    if step.name not in known:
        raise ChainError(
            f"step {str(step)!r} is no technique; known: {', '.join(known)}"
        )
    return found.find(step.name)


def versions(tools: Sequence[str]) -> dict[str, str]:
    """Return the installed version of every tool."""
    try:
        return {tool: version(tool) for tool in tools}
    except PackageNotFoundError as exc:
        raise NotInstalled(
            f"training needs {exc.name!r}, which is not installed; "
            "pip install 'tierbench[host,train]' installs it"
        ) from exc


def _make(path: Path, act: Callable[[Path], None]) -> None:
    """Let a child process make a file, which appears in one move, unless it is there.

    Nobody else makes it meanwhile.
    """
    cache = path.parent
    with locked(path):
        if not path.exists():
            _make_alone(path, act, cache)


def _make_alone(path: Path, act: Callable[[Path], None], cache: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=cache, prefix=".build-") as folder:
            made = Path(folder) / path.name
            run(lambda: act(made), f"variant {path.name!r}", cpu_s=_TRAINING_CPU_S)
            os.replace(made, path)
    except OSError as exc:
        raise InfrastructureError(
            f"variant {path.name!r} cannot be kept in {str(cache)!r}: "
            f"{exc.strerror or exc}; give a folder that can be written to"
        ) from exc
