"""Calibration samples in the portions that a model takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...harness.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PORTION = 32
"""Samples run at once where the model takes any number; the extremes stay the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What a model takes: NumPy's name of a type, and samples at once (None: any)."""

    dtype: str
    batch: int | None


def portions(
    samples: Mapping[str, NDArray[Any]], inputs: Mapping[str, Input]
) -> Iterator[dict[str, NDArray[Any]]]:
    """Yield the samples of every input in the type and number that the model takes.

    Samples that no longer fill a portion of the size that the model prescribes are
    left out.

    Raises:
        DataError: an input has no samples, too few, or of another kind of number.
    """
    given = {name: _typed(name, samples, wanted) for name, wanted in inputs.items()}
    count = min(len(array) for array in given.values())
    size = _prescribed(inputs)
    if count < (size or 1):
        raise DataError(
            f"{count} calibration samples, of which it takes {size or 1} at once; "
            "give more"
        )
    step = size or _PORTION
    for start in range(0, count - (size or 1) + 1, step):
        yield {name: array[start : start + step] for name, array in given.items()}


def _typed(
    name: str, samples: Mapping[str, NDArray[Any]], wanted: Input
) -> NDArray[Any]:
    import numpy as np

    if name not in samples:
        raise DataError(
            f"the calibration samples have arrays {sorted(samples)!r}, but none for "
            f"its input {name!r}; name one like it"
        )
    array = samples[name]
    if not np.can_cast(array.dtype, wanted.dtype, "same_kind"):
        raise DataError(
            f"calibration samples of {array.dtype.name!r} for its input {name!r}, "
            f"which is of {wanted.dtype!r}; give that type"
        )
    return array.astype(wanted.dtype)


def _prescribed(inputs: Mapping[str, Input]) -> int | None:
    """Return how many samples the model takes at once, None for any number."""
    sizes = sorted({wanted.batch for wanted in inputs.values() if wanted.batch})
    if len(sizes) > 1:
        raise DataError(
            f"its inputs take {' and '.join(map(str, sizes))} samples at once; give a "
            "file whose inputs agree"
        )
    return sizes[0] if sizes else None
