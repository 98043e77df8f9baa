"""A reference model: fp32 files that ship, variants made from them, data drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..harness.errors import ChainError, DataError, ModelError
from ..harness.hashing import file_sha256
from ..harness.model import BuiltVariant, Data
from ..harness.recipe import Calibration
from .classifier import INPUT, Classifier
from .route import SOURCE, find_route

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .learner import Learner
    from .trained import Trainer

    Draw = Callable[[str], tuple[NDArray[np.float32], NDArray[np.int64]]]

_TRAINED = "onnx"
"""The format of the file whose weights are trained further."""


class Reference(Classifier):
    """A classifier whose folder holds lineage.json and one fp32 file per format.

    ``draw(split)`` returns the inputs, float32 with the sample on the first axis, and
    the labels, int64 [n], of the split ``calibration`` or ``evaluation``; ``learner()``
    what it takes to train it further, for ``chains`` and any other that a user names.
    """

    def __init__(
        self,
        *,
        name: str,
        folder: Path,
        draw: Draw,
        learner: Callable[[], Learner] | None = None,
        chains: tuple[str, ...] = (),
    ) -> None:
        """Read the lineage; draw nothing and load no model yet."""
        lineage = json.loads((folder / "lineage.json").read_text(encoding="utf-8"))
        super().__init__(name, tuple(lineage["files"]), chains)
        self._lineage: dict[str, Any] = lineage
        self._folder = folder
        self._draw = draw
        self._learner = learner

    @property
    def evaluation_sha256(self) -> str:
        """Return the recorded hash of the evaluation split."""
        recorded: str = self._lineage["data"]["evaluation"]["sha256"]
        return recorded

    def check(self, variant: str) -> None:
        """Check a variant's name before any time is spent on it.

        Raises:
            ChainError: it is no chain of techniques and recipes for this model.
            NotFound: a step that nothing answers to.
        """
        route = find_route(variant, self.name)
        if route.techniques:
            self._trainer().check(route.techniques)

    def _source(self, format: str, cache: Path) -> BuiltVariant:
        return BuiltVariant(
            path=self._shipped(format),
            recipe=SOURCE,
            weight_bits=32,
            activation_bits=32,
            lineage=(self._origin(format),),
        )

    def _origin(self, format: str) -> dict[str, Any]:
        """Return the first step of every lineage."""
        training = {k: v for k, v in self._lineage.items() if k != "files"}
        return {**training, "file": self._lineage["files"][format]}

    def _trainer(self, cache: Path | None = None) -> Trainer:
        """Return what trains the model's networks further.

        Raises:
            ChainError: the model came without its training.
        """
        from .trained import Trainer

        if self._learner is None:
            raise ChainError(
                f"model {self.name!r} cannot be trained; name recipes only: "
                f"{', '.join(self.variants)}"
            )
        data = self._lineage["data"]
        return Trainer(
            self._learner(),
            self._shipped(_TRAINED),
            self._origin(_TRAINED),
            {split: data[split]["sha256"] for split in ("training", "calibration")},
        )

    def calibration(self) -> Calibration:
        """Return the calibration split, not drawn yet: it shares nothing with others.

        Its ``load`` raises DataError where the samples drawn are not the recorded ones.
        """
        return Calibration(
            sha256=self._lineage["data"]["calibration"]["sha256"],
            load=lambda: {INPUT: self._split("calibration")[0]},
        )

    def evaluation(self) -> Data:
        """Return the evaluation split, disjoint from training and calibration.

        Raises:
            DataError: the samples drawn here are not the recorded ones.
        """
        inputs, labels = self._split("evaluation")
        return Data(
            name=self.name,
            inputs={INPUT: inputs},
            labels=labels,
            metric="top1",
            sha256=self.evaluation_sha256,
            classes=tuple(self._lineage["classes"]),
        )

    def _shipped(self, format: str) -> Path:
        """Return the fp32 file that ships with the model, checked."""
        shipped = self._lineage["files"][format]
        path: Path = self._folder / shipped["name"]
        if file_sha256(path) != shipped["sha256"]:
            raise ModelError(
                f"model file {str(path)!r} is damaged: its sha256 is not "
                f"{shipped['sha256']!r}; install tierbench again"
            )
        return path

    def _split(self, split: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Draw a split and check that it is the recorded one, to the last bit."""
        from .content import content_sha256

        inputs, labels = self._draw(split)
        recorded = self._lineage["data"][split]["sha256"]
        found = content_sha256(inputs, labels)
        if found != recorded:
            numpy = self._lineage["tools"]["numpy"]
            raise DataError(
                f"the {split} samples of model {self.name!r} drawn here have sha256 "
                f"{found!r}, not {recorded!r}: this NumPy draws other numbers; "
                f"install numpy {numpy}, with which they were recorded"
            )
        return inputs, labels
