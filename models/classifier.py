"""A classifier whose variants are made from one fp32 network: what all such share."""

from __future__ import annotations

import json
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..harness.errors import NotFound
from ..harness.model import BuiltVariant, Data
from ..harness.recipe import Calibration
from .child import run
from .recipes import RECIPES
from .route import SOURCE, find_route

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .trained import Trainer

INPUT = "input"
"""What the files of all such models call what they take."""


class Classifier(ABC):
    """A model that has variants, see ``harness.model.ReferenceModel``."""

    def __init__(
        self, name: str, formats: tuple[str, ...], chains: tuple[str, ...]
    ) -> None:
        """Name the model, its files' formats, and what training is to make of it."""
        self.name = name
        self.task = "classification"
        self.formats = formats
        self.variants = (SOURCE, *RECIPES)
        self.chains = chains

    @property
    @abstractmethod
    def evaluation_sha256(self) -> str:
        """Return the hash of what ``evaluation`` returns."""

    @abstractmethod
    def evaluation(self) -> Data:
        """Return the evaluation split."""

    @abstractmethod
    def calibration(self) -> Calibration:
        """Return the calibration split."""

    @abstractmethod
    def _source(self, format: str, cache: Path) -> BuiltVariant:
        """Return the fp32 file, from which recipes start."""

    @abstractmethod
    def _trainer(self, cache: Path) -> Trainer:
        """Return what trains the network further.

        Raises:
            ChainError: there is nothing to train it with.
        """

    def build(self, variant: str, format: str, cache: Path) -> BuiltVariant:
        """Return the variant's file, made on first use and cached by content.

        Raises:
            NotFound: no such variant or format, or no such variant in this format.
            ChainError: the steps of its name do not fit the model.
            ModelError: a file is damaged, or a step failed.
            DataError: samples are not the recorded ones.
            InfrastructureError: a tool is not installed, or the cache not writable.
        """
        return self.rebuild((), variant, format, cache)

    def rebuild(
        self,
        settings: Sequence[Mapping[str, Any]],
        variant: str,
        format: str,
        cache: Path,
    ) -> BuiltVariant:
        """Do what ``build`` does, with other settings of the trainings.

        Args:
            settings: of every training in order, as lineages record them; none for
                those that the variant's name means here and now.
            variant: see ``build``, as all others.
            format: the file's.
            cache: the folder of all that was made.
        """
        route = find_route(variant, self.name)
        if format not in self.formats:
            raise NotFound(f"format of model {self.name!r}", format, self.formats)
        if route.recipe and format not in route.recipe.formats:
            # Told before anything is trained.
            kind, why = f"format of recipe {route.recipe.name!r}", route.recipe.reasons
            raise NotFound(kind, format, route.recipe.formats, why.get(format))
        before = (
            self._trainer(cache).export(route.techniques, format, cache, settings)
            if route.techniques
            else self._source(format, cache)
        )
        if route.recipe is None:
            return before
        built = route.recipe.build(before.path, format, self.calibration(), cache)
        lineage = (*before.lineage, *built.lineage)
        return replace(built, recipe=route.name, lineage=lineage)

    def difference(self, left: Path, right: Path) -> dict[str, float]:
        """Return by how much two files' outputs differ for the calibration samples.

        Raises:
            ModelError: a runtime cannot run one of them.
        """
        inputs = self.calibration().load()[INPUT]
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "told.json"
            run(
                lambda: _write_difference(left, right, inputs, told),
                f"{left.name!r} and {right.name!r} cannot be compared",
            )
            found: dict[str, float] = json.loads(told.read_text(encoding="utf-8"))
        return found


def _write_difference(
    left: Path, right: Path, inputs: NDArray[np.float32], told: Path
) -> None:
    import numpy as np

    from .prediction import probabilities

    one, other = (probabilities(path, inputs) for path in (left, right))
    told.write_text(
        json.dumps(
            {
                "share_of_other_classes": float(
                    np.mean(one.argmax(axis=1) != other.argmax(axis=1))
                ),
                "share_of_other_probabilities": float(np.mean(one != other)),
                "largest_difference": float(np.abs(one - other).max()),
            }
        ),
        encoding="utf-8",
    )
