"""A variant as it is watched: its answers and embeddings, from one call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...harness import registry
from ...harness.cache import cache_folder
from ...harness.errors import DataError
from ...harness.hashing import file_sha256
from ..prediction import runner
from .embedding import Layer, add_embedding
from .monitor import SIZE_MAX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ...harness.model import ReferenceModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A variant whose file has the embedding as its second output."""

    variant: str
    format: str
    source: Path
    path: Path
    layer: Layer
    run: Any

    def observe(
        self, portions: Iterable[NDArray[np.float32]]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the most probable class and the embedding of each sample.

        Raises:
            DataError: embeddings that are too large.
        """
        classes, embeddings = [], []
        for inputs in portions:
            scores, embedded = self.run(inputs)[:2]
            classes.append(scores.reshape(len(inputs), -1).argmax(axis=1))
            embeddings.append(_flat(embedded, self.source))
        return np.concatenate(classes), np.concatenate(embeddings)

    @property
    def about(self) -> dict[str, Any]:
        """Return what tells, beside a number, of what it is."""
        return {
            "variant": self.variant,
            "format": self.format,
            "source_sha256": file_sha256(self.source),
            "model_sha256": file_sha256(self.path),
            "tensor": self.layer.tensor,
            "layer": self.layer.reason,
        }


def watch(model: str, variant: str, format: str, folder: Path) -> Watched:
    """Build a variant and write its file with the second output into a folder.

    Raises:
        NotFound: no such model, variant or format.
        ModelError: the variant cannot be made or watched.
    """
    reference: ReferenceModel = registry.find(registry.MODELS, model)
    source = reference.build(variant, format, cache_folder("variants")).path
    return watch_file(source, folder / f"model.{format}", variant)


def watch_file(source: Path, path: Path, variant: str) -> Watched:
    """Write a model file with the second output."""
    layer = add_embedding(source, path)
    return Watched(
        variant=variant,
        format=path.suffix[1:],
        source=source,
        path=path,
        layer=layer,
        run=runner(path),
    )


def _flat(embedded: NDArray[Any], source: Path) -> NDArray[np.float32]:
    flat = embedded.reshape(len(embedded), -1)
    if flat.shape[1] > SIZE_MAX:
        raise DataError(
            f"embeddings of {str(source)!r} have {flat.shape[1]} numbers; at most "
            f"{SIZE_MAX} are valid"
        )
    return flat.astype(np.float32)
