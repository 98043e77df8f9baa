"""A PyTorch module of one's own as a model whose variants tierbench makes.

``own_model`` is all there is to know. Nothing here needs torch before a variant is
built, and nothing calls the functions that it is given before that.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..harness.errors import ChainError, InfrastructureError, Mistakes
from ..harness.hashing import file_sha256
from ..harness.model import BuiltVariant, Data
from ..harness.recipe import Calibration
from .child import run
from .classifier import INPUT, Classifier
from .route import find_route
from .trained import Trainer, check_steps, technique_of, versions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from .learner import Augment, Learner, Loss

    Arrays = Mapping[str, tuple[NDArray[np.float32], NDArray[np.int64]]]

SPLITS = ("training", "calibration", "evaluation")
_FORMATS = ("onnx", "tflite")
_CHAINS = ("finetune", "qat(int8)", "qat(int4)")
_VALID: Mapping[str, tuple[Any, float, float]] = {
    "epochs": (int, 1, 1000),
    "learning_rate_max": ((int, float), 1e-9, 1.0),
    "weight_decay": ((int, float), 0.0, 1.0),
    "batch": (int, 1, 65_536),
}
"""The kind of each setting, its least and its largest value."""
_TRACED = (251, 241, 239, 233)
"""Primes: numbers of samples in a trace, of which one divides no size of a network."""


def own_model(
    *,
    name: str,
    network: Callable[[], nn.Module],
    data: Callable[[], Arrays],
    classes: Sequence[str],
    channel_last: bool = False,
    loss: Loss | None = None,
    augment: Augment | None = None,
    narrower: Callable[[float], nn.Module] | None = None,
    epochs: int = 3,
    learning_rate_max: float = 1e-3,
    weight_decay: float = 0.02,
    batch: int = 128,
    chains: Sequence[str] = _CHAINS,
    sources: Sequence[str | os.PathLike[str]] = (),
) -> OwnModel:
    """Return a model for ``tierbench models build`` or the group ``tierbench.models``.

    Args:
        name: what it is called in tables and files: letters, digits, -, _ and dots.
        network: returns your trained module. It takes one float32 tensor, first axis
            the sample, and gives logits, float32 [n, classes]. It is called more than
            once, each time in a process of its own.
        data: returns inputs and labels of the splits ``training``, ``calibration`` and
            ``evaluation``: float32 [n, ...] as the exported files are to take them,
            and int64 [n], indices of ``classes``.
        classes: their names.
        channel_last: inputs are [n, h, w, c], which suits TFLite, but the module takes
            [n, c, h, w].
        loss: ``loss(logits, labels, inputs)``, tensors all, the mean over a batch; None
            for cross-entropy.
        augment: ``augment(inputs, rng)`` returns a batch as the module takes it,
            float32, changed by a NumPy generator; None for inputs as they are.
        narrower: returns the module untrained, its widths times a number; without it
            there are no ``distil`` and ``student``.
        epochs: of every further training that a variant's name does not say otherwise.
        learning_rate_max: the peak of its learning rate (AdamW, one cycle).
        weight_decay: AdamW's.
        batch: samples in a step.
        chains: what is built where no variant is named.
        sources: files of code beside those of the functions given here that decide what
            these do: a change of one makes variants anew.

    Raises:
        Mistakes: all arguments that are not valid.
    """
    settings = {
        "epochs": epochs,
        "learning_rate_max": learning_rate_max,
        "weight_decay": weight_decay,
        "batch": batch,
    }
    if problems := _problems(name, classes, settings):
        raise Mistakes(problems)
    return OwnModel(
        name=name,
        asked=_Asked(
            network=network,
            data=data,
            classes=tuple(classes),
            channel_last=channel_last,
            loss=loss,
            augment=augment,
            narrower=narrower,
            settings=settings,
            sources=tuple(map(Path, sources)),
        ),
        chains=tuple(chains),
    )


def _problems(
    name: str, classes: Sequence[str], settings: Mapping[str, Any]
) -> list[str]:
    """Return which arguments of ``own_model`` are not valid."""
    problems = []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", name):
        problems.append(f"own_model(name={name!r}): give letters, digits, -, _ or .")
    if (
        isinstance(classes, str)
        or len(set(classes)) != len(classes)
        or len(classes) < 2
    ):
        problems.append(
            f"own_model(classes={classes!r}): give two different names or more"
        )
    for key, value in settings.items():
        kind, least, most = _VALID[key]
        is_kind = isinstance(value, kind) and not isinstance(value, bool)
        if not is_kind or not least <= value <= most:
            problems.append(f"own_model({key}={value!r}): give {least:g} to {most:g}")
    return problems


def _name(given: Callable[..., Any] | None) -> str | None:
    return getattr(given, "__qualname__", type(given).__name__) if given else None


def _fold(net: nn.Module) -> nn.Module:
    from .folding import fold

    return fold(net)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What ``own_model`` was given."""

    network: Callable[[], nn.Module]
    data: Callable[[], Arrays]
    classes: tuple[str, ...]
    channel_last: bool
    loss: Loss | None
    augment: Augment | None
    narrower: Callable[[float], nn.Module] | None
    settings: Mapping[str, Any]
    sources: tuple[Path, ...]

    def files(self) -> tuple[Path, ...]:
        """Return the files of code that decide what a training does."""
        given = (self.network, self.data, self.loss, self.augment, self.narrower)
        found = {inspect.getsourcefile(inspect.unwrap(one)) for one in given if one}
        paths = {Path(one).resolve() for one in found if one}
        return tuple(sorted({*paths, *(one.resolve() for one in self.sources)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class InMemory:
    """Arrays by split as a training takes them."""

    classes: tuple[str, ...]
    arrays: Arrays

    def samples(self, split: str) -> NDArray[Any]:
        """Return the inputs of a split."""
        return self.arrays[split][0]

    def labels(self, split: str) -> NDArray[np.int64]:
        """Return the labels of a split."""
        return self.arrays[split][1]

    def as_input(self, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Return the samples as they are."""
        return samples


class OwnModel(Classifier):
    """A user's own module; made by ``own_model``."""

    def __init__(self, *, name: str, asked: _Asked, chains: tuple[str, ...]) -> None:
        """Keep what was asked for; call nothing yet."""
        super().__init__(name, _FORMATS, chains)
        self._asked = asked
        self._kept: tuple[Path, int] | None = None

    @property
    def evaluation_sha256(self) -> str:
        """Return the hash of the evaluation split."""
        return self._sha256["evaluation"]

    def check(self, variant: str) -> None:
        """Check a variant's name before any time is spent on it.

        Raises:
            ChainError: it is no chain of techniques and recipes for this model.
            NotFound: a step that nothing answers to.
            Mistakes: the data cannot be used; all that is wrong with them.
        """
        steps = find_route(variant, self.name).techniques
        for step in steps:
            technique = technique_of(step)
            if (technique.has_width or technique.is_anew) and not self._asked.narrower:
                raise ChainError(
                    f"step {str(step)!r}: model {self.name!r} does not say how to make "
                    "its network anew; give 'narrower' to own_model"
                )
        if steps:
            check_steps(steps, self._learner)

    def rebuild(
        self,
        settings: Sequence[Mapping[str, Any]],
        variant: str,
        format: str,
        cache: Path,
    ) -> BuiltVariant:
        """Do what ``build`` does; export first, for that shows what is unsupported."""
        self.check(variant)
        if format in self.formats:
            self._source(format, cache)
        return super().rebuild(settings, variant, format, cache)

    def calibration(self) -> Calibration:
        """Return the calibration split."""
        return Calibration(
            sha256=self._sha256["calibration"],
            load=lambda: {INPUT: self._data.samples("calibration")},
        )

    def evaluation(self) -> Data:
        """Return the evaluation split."""
        return Data(
            name=self.name,
            inputs={INPUT: self._data.samples("evaluation")},
            labels=self._data.labels("evaluation"),
            metric="top1",
            sha256=self.evaluation_sha256,
            classes=self._asked.classes,
        )

    def _source(self, format: str, cache: Path) -> BuiltVariant:
        return self._trainer(cache).export((), format, cache)

    def _trainer(self, cache: Path) -> Trainer:
        path, parameters = self._weights(cache)
        origin = {
            "step": "own module",
            "model": self.name,
            "classes": list(self._asked.classes),
            "parameters": parameters,
            "weights_sha256": file_sha256(path),
            "data": {
                split: {
                    "samples": len(self._data.labels(split)),
                    "sha256": self._sha256[split],
                }
                for split in SPLITS
            },
        }
        hashes = {split: self._sha256[split] for split in ("training", "calibration")}
        return Trainer(self._learner, path, origin, hashes)

    @cached_property
    def _data(self) -> InMemory:
        """Return the data, checked.

        Raises:
            Mistakes: all that is wrong with them.
        """
        from .own_checks import data_problems

        arrays = self._asked.data()
        batch = self._asked.settings["batch"]
        if problems := data_problems(arrays, self._asked.classes, batch):
            raise Mistakes([f"model {self.name!r}: {one}" for one in problems])
        return InMemory(classes=self._asked.classes, arrays=arrays)

    @cached_property
    def _sha256(self) -> dict[str, str]:
        from .content import content_sha256

        arrays = self._data.arrays
        return {split: content_sha256(*arrays[split]) for split in SPLITS}

    @cached_property
    def _learner(self) -> Learner:
        from .learner import Learner
        from .training import settings

        asked = self._asked
        shape = self._data.samples("calibration").shape[1:]
        tuning = settings(
            seed=1, augmentation=_name(asked.augment) or "none", **asked.settings
        )
        # Which function it is must be told, for one file may hold several.
        tuning["loss"] = _name(asked.loss) or "cross-entropy"
        return Learner(
            name=self.name,
            data=self._data,
            network=self._network,
            sample_shape=shape,
            settings=tuning,
            tuning=tuning,
            sources=asked.files(),
            augment=asked.augment or (lambda inputs, _: inputs),
            channel_last=asked.channel_last,
            fold=_fold,
            traced=next(n for n in _TRACED if all(size % n for size in shape)),
            is_drawn=False,
            loss=asked.loss,
        )

    def _network(self, _: int, width: float) -> nn.Module:
        anew = self._asked.narrower
        return self._asked.network() if width == 1 or not anew else anew(width)

    def _weights(self, cache: Path) -> tuple[Path, int]:
        """Return where the checked network's weights lie, and how many there are.

        Raises:
            Mistakes: all that is wrong with the network.
        """
        if self._kept and self._kept[0].parent == cache and self._kept[0].exists():
            return self._kept
        learner = self._learner  # its data are checked here, before torch is needed
        versions(("torch",))
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache, prefix=".build-") as folder:
                made, told = Path(folder) / "weights.npz", Path(folder) / "told.json"
                run(
                    lambda: self._collect(learner, made, told),
                    f"model {self.name!r}: its network",
                )
                found = json.loads(told.read_text(encoding="utf-8"))
                if found["problems"]:
                    problems = [f"model {self.name!r}: {x}" for x in found["problems"]]
                    raise Mistakes(problems)
                path = cache / f"{self.name}-{file_sha256(made)[:32]}.npz"
                os.replace(made, path)
        except OSError as exc:
            raise InfrastructureError(
                f"model {self.name!r} cannot be kept in {str(cache)!r}: "
                f"{exc.strerror or exc}; give a folder that can be written to"
            ) from exc
        self._kept = path, found["parameters"]
        return self._kept

    @staticmethod
    def _collect(learner: Learner, made: Path, told: Path) -> None:
        """Write the folded network's weights, or what is wrong with it."""
        from . import weights
        from .own_checks import folded_and_problems

        net, problems = folded_and_problems(learner)
        parameters = 0
        if net is not None:
            weights.save(weights.of_network(net), made)
            parameters = sum(one.numel() for one in net.parameters())
        found = {"problems": problems, "parameters": parameters}
        told.write_text(json.dumps(found), encoding="utf-8")
