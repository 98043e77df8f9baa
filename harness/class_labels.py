"""Labels that are class indices, as the metrics of classification take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def class_problem(labels: NDArray[Any], scores: int | None) -> str | None:
    """Return why labels cannot be class indices of so many scores, or None."""
    if labels.dtype.kind != "i":
        return "labels are numbers; class indices (integers) are valid"
    high = int(labels.max())
    if scores is not None and high >= max(scores, 2):
        return (
            f"label {high} with {scores} scores for each sample; one score for each "
            "class is valid"
        )
    return None
