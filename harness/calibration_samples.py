"""What samples must be for ranges of activations to be found on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLES_MIN = 8
"""Fewer are refused: the range of an activation would be that of a few samples."""


def check_samples(name: str, samples: Mapping[str, NDArray[Any]]) -> None:
    """Check that samples are enough to find ranges on, and that all are numbers.

    Raises:
        DataError: they are not.
    """
    import numpy as np

    count = min((len(array) for array in samples.values()), default=0)
    if count < SAMPLES_MIN:
        raise DataError(
            f"{name}: {count} samples; give {SAMPLES_MIN} at least, better 100 or "
            "more: ranges are found on them, and what lies outside is clipped"
        )
    for key, array in samples.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise DataError(f"{name}: {key!r} holds NaN or infinity; leave those out")
