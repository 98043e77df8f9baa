"""A user's own calibration samples: fit for the model, and not its evaluation data."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .calibration_samples import check_samples
from .data import as_inputs, fitted, match
from .errors import DataError
from .model import Data
from .recipe import Calibration
from .sources import DataSource
from .values import TensorSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def calibration_of(
    source: DataSource, evaluation: DataSource | None, inputs: Sequence[TensorSpec]
) -> Calibration:
    """Return all samples of a source for recipes, in the types of a model's inputs.

    Args:
        source: the samples.
        evaluation: the data by which variants will be judged.
        inputs: of the fp32 model.

    Raises:
        DataError: the samples do not fit the inputs, or some of them are also among
            the evaluation data, which would flatter the variant; or they are too few.
    """
    match(fitted(source.data, inputs), inputs)
    check_samples(f"calibration {source.name!r}", as_inputs(source.data, inputs))
    if evaluation is not None:
        _check_apart(source, evaluation, inputs)
    return Calibration(
        sha256=source.sha256, load=lambda: as_inputs(source.data, inputs)
    )


def _check_apart(
    source: DataSource, evaluation: DataSource, inputs: Sequence[TensorSpec]
) -> None:
    judged = set(_hashes(evaluation.data, inputs))
    shared = sum(found in judged for found in _hashes(source.data, inputs))
    if shared:
        raise DataError(
            f"calibration {source.name!r}: {shared} of its {source.data.n} samples are "
            f"also in the evaluation data {evaluation.name!r}; take others, since what "
            "a variant was made with flatters it"
        )


def _hashes(data: Data, inputs: Sequence[TensorSpec]) -> list[bytes]:
    """Return a hash of each sample, over all inputs as the model takes them."""
    arrays: list[NDArray[np.generic]] = list(as_inputs(data, inputs).values())
    found = []
    for index in range(data.n):
        digest = hashlib.sha256()
        for array in arrays:
            digest.update(array[index].tobytes())
        found.append(digest.digest())
    return found
