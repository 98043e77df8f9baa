"""A reference model: fp32 files that ship, variants made from them, data drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..harness.errors import DataError, ModelError, NotFound
from ..harness.hashing import file_sha256
from ..harness.model import BuiltVariant, Data
from ..harness.recipe import Calibration
from .recipes import RECIPES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Draw = Callable[[str], tuple[NDArray[np.float32], NDArray[np.int64]]]

_SOURCE = "fp32"
_INPUT = "input"


class Reference:
    """A classifier whose folder holds lineage.json and one fp32 file per format.

    ``draw(split)`` returns the inputs, float32 with the sample on the first axis, and
    the labels, int64 [n], of the split ``calibration`` or ``evaluation``.
    """

    def __init__(self, *, name: str, folder: Path, draw: Draw) -> None:
        """Read the lineage; draw nothing and load no model yet."""
        lineage = json.loads((folder / "lineage.json").read_text(encoding="utf-8"))
        self.name = name
        self.task = "classification"
        self.formats: tuple[str, ...] = tuple(lineage["files"])
        self.variants = (_SOURCE, *RECIPES)
        self.evaluation_sha256: str = lineage["data"]["evaluation"]["sha256"]
        self._lineage: dict[str, Any] = lineage
        self._folder = folder
        self._draw = draw

    def build(self, variant: str, format: str, cache: Path) -> BuiltVariant:
        """Return the variant's file, made on first use and cached by content.

        Raises:
            NotFound: no such variant or format, or no such variant in this format.
            ModelError: a file that ships with the model is damaged.
            DataError: the calibration samples drawn here are not the recorded ones.
            InfrastructureError: a tool is not installed, or the cache not writable.
        """
        if variant not in self.variants:
            raise NotFound(f"variant of model {self.name!r}", variant, self.variants)
        if format not in self.formats:
            raise NotFound(f"format of model {self.name!r}", format, self.formats)
        source = self._source(format)
        training = {k: v for k, v in self._lineage.items() if k != "files"}
        training["file"] = self._lineage["files"][format]
        if variant == _SOURCE:
            return BuiltVariant(
                path=source,
                recipe=_SOURCE,
                weight_bits=32,
                activation_bits=32,
                lineage=(training,),
            )
        built = RECIPES[variant].build(source, format, self.calibration(), cache)
        return replace(built, lineage=(training, *built.lineage))

    def calibration(self) -> Calibration:
        """Return the calibration split, not drawn yet: it shares nothing with others.

        Its ``load`` raises DataError where the samples drawn are not the recorded ones.
        """
        return Calibration(
            sha256=self._lineage["data"]["calibration"]["sha256"],
            load=lambda: {_INPUT: self._split("calibration")[0]},
        )

    def evaluation(self) -> Data:
        """Return the evaluation split, disjoint from training and calibration.

        Raises:
            DataError: the samples drawn here are not the recorded ones.
        """
        inputs, labels = self._split("evaluation")
        return Data(
            name=self.name,
            inputs={_INPUT: inputs},
            labels=labels,
            metric="top1",
            sha256=self.evaluation_sha256,
            classes=tuple(self._lineage["classes"]),
        )

    def _source(self, format: str) -> Path:
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
