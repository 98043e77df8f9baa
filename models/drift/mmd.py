"""The kernel two-sample test, exactly: for a machine that may hold a Gram matrix.

The kernel is exp(-|x - y|^2 / (2 s^2)) with s the median distance between reference
samples; the statistic is the unbiased squared maximum mean discrepancy (A. Gretton et
al., "A kernel two-sample test", JMLR 13, 2012, lemma 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Embeddings = NDArray[np.float32]

_PAIRED = 1_000
"""Reference samples among which distances are taken for the bandwidth."""
_BLOCK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class PermutationTest:
    """The statistic, and how often it is as large where labels mean nothing."""

    mmd2: float
    p_value: float


def bandwidth(reference: Embeddings) -> float:
    """Return the median distance between two of the first thousand samples."""
    some = reference[:_PAIRED]
    squares = _squared_distances(some, some)[np.triu_indices(len(some), 1)]
    return float(np.median(np.sqrt(squares)))


def gram(x: Embeddings, y: Embeddings, width: float) -> NDArray[np.float32]:
    """Return the kernel between all samples of x and y, float32 [len(x), len(y)]."""
    exponents = _squared_distances(x, y)
    exponents *= np.float32(-0.5 / width**2)
    return np.exp(exponents, out=exponents)


def permutation_test(
    x: Embeddings,
    y: Embeddings,
    *,
    width: float,
    rng: np.random.Generator,
    permutations: int = 500,
) -> PermutationTest:
    """Test whether x and y come from one distribution.

    All labellings are judged from one Gram matrix, by one product with it. The p-value
    counts the labelling that was seen (B. Phipson and G. K. Smyth, "Permutation
    p-values should never be zero", 2010), so the test is exact.

    Args:
        x: [m, size].
        y: [n, size].
        width: of the kernel.
        rng: draws the labellings.
        permutations: how many.
    """
    pooled = np.concatenate([x, y])
    kernel = gram(pooled, pooled, width)
    np.fill_diagonal(kernel, 0.0)
    # m places at random: a partial sort is enough, and quicker than shuffling
    order = np.argpartition(rng.random((permutations, len(pooled))), len(x), axis=1)
    is_x = np.zeros((permutations + 1, len(pooled)), np.float32)
    is_x[0, : len(x)] = 1.0
    np.put_along_axis(is_x[1:], order[:, : len(x)], 1.0, axis=1)
    found = _labelled_mmd2(kernel, is_x, len(x), len(y))
    as_large = int(np.count_nonzero(found[1:] >= found[0]))
    return PermutationTest(
        mmd2=float(found[0]), p_value=(1 + as_large) / (1 + permutations)
    )


def _labelled_mmd2(
    kernel: NDArray[np.float32], is_x: NDArray[np.float32], m: int, n: int
) -> NDArray[np.float64]:
    """Return the statistic for each row of labels; the kernel's diagonal is zero."""
    within_x = _quadratic(kernel, is_x)
    of_sample = kernel.sum(axis=1, dtype=np.float64)
    of_x = is_x @ of_sample  # within x, and from x to y
    within_y = of_sample.sum() - 2.0 * of_x + within_x
    return np.asarray(
        within_x / (m * (m - 1))
        + within_y / (n * (n - 1))
        - 2.0 * (of_x - within_x) / (m * n)
    )


def _quadratic(
    kernel: NDArray[np.float32], rows: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return r K r for each row; K is symmetric, so its lower blocks are left out."""
    found = np.zeros(len(rows))
    for start in range(0, len(kernel), _BLOCK):
        stop = start + _BLOCK
        product = rows[:, start:stop] @ kernel[start:stop, start:]
        product[:, _BLOCK:] *= np.float32(2.0)
        found += np.einsum("pi,pi->p", product, rows[:, start:])
    return found


def _squared_distances(x: Embeddings, y: Embeddings) -> NDArray[np.float32]:
    # centred first, or the difference of large squares leaves nothing
    centre = y.mean(axis=0)
    x, y = x - centre, y - centre
    squares = x @ y.T
    squares *= np.float32(-2.0)
    squares += np.einsum("ij,ij->i", x, x)[:, None]
    squares += np.einsum("ij,ij->i", y, y)
    np.maximum(squares, 0.0, out=squares)
    return squares
