"""Make the directions of embeddings equally wide, so that small ones count as well.

A network's classes lie far apart along a few directions; a shift often moves samples
along the others, where a kernel as wide as the classes are apart sees nothing. The
monitor pays nothing for it: the matrix is folded into its frequencies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...harness.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RIDGE = 0.1
"""Added to each variance, as a share of their mean: what hardly varies is noise."""


def whitening(reference: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the matrix [size, size] by which embeddings are multiplied.

    Raises:
        DataError: the embeddings do not vary.
    """
    centred = reference.astype(np.float64) - reference.mean(axis=0, dtype=np.float64)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(reference))
    variances = np.maximum(variances, 0.0)
    if variances.sum() == 0.0:
        raise DataError(
            "all embeddings of the reference are the same; give reference samples "
            "that differ"
        )
    scale = np.sqrt(variances + _RIDGE * variances.mean())
    return np.asarray(directions / scale, dtype=np.float32)
