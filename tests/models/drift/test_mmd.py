import numpy as np
import pytest

from tierbench.models.drift import mmd
from tierbench.models.drift.mmd import bandwidth, gram, permutation_test


def naive_mmd2(x: np.ndarray, y: np.ndarray, width: float) -> float:
    """Compute lemma 6 of Gretton et al. (2012) pair by pair."""

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.exp(-((a - b) ** 2).sum() / (2.0 * width**2)))

    def within(z: np.ndarray) -> float:
        pairs = [
            kernel(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j
        ]
        return float(np.mean(pairs))

    across = np.mean([kernel(a, b) for a in x for b in y])
    return within(x) + within(y) - 2.0 * float(across)


def test_bandwidth_is_the_median_distance():
    points = np.array([[0.0], [1.0], [3.0], [7.0]], np.float32)
    assert bandwidth(points) == pytest.approx(3.5)  # of 1, 2, 3, 4, 6, 7


def test_gram_is_the_kernel_of_every_pair(embeddings):
    x, y = embeddings(1, 5), embeddings(2, 7) + 100.0
    distances = np.linalg.norm(x[:, None] - y[None], axis=2)
    assert gram(x, y, 200.0) == pytest.approx(np.exp(-(distances**2) / 80_000), 1e-4)


@pytest.mark.parametrize("block", [3, 8, 256])
def test_every_labelling_has_the_statistic_of_its_own_two_samples(
    embeddings, monkeypatch, block
):
    monkeypatch.setattr(mmd, "_BLOCK", block)
    pooled = embeddings(3, 21)
    kernel = gram(pooled, pooled, 2.0)
    np.fill_diagonal(kernel, 0.0)
    rng = np.random.default_rng(0)
    is_x = np.array([rng.permutation([1] * 9 + [0] * 12) for _ in range(5)], np.float32)
    found = mmd._labelled_mmd2(kernel, is_x, 9, 12)
    for row, value in zip(is_x.astype(bool), found, strict=True):
        expected = naive_mmd2(pooled[row], pooled[~row], 2.0)
        assert value == pytest.approx(expected, abs=1e-6)


def test_the_tests_statistic_is_that_of_the_two_samples(embeddings):
    x, y = embeddings(4, 10), embeddings(5, 14, shift=0.5)
    found = permutation_test(x, y, width=2.0, rng=np.random.default_rng(0))
    assert found.mmd2 == pytest.approx(naive_mmd2(x, y, 2.0), abs=1e-6)


def test_p_value_is_small_for_a_shift_and_never_zero(embeddings):
    rng = np.random.default_rng(0)
    x, y = embeddings(6, 100), embeddings(7, 100, shift=0.4)
    found = permutation_test(x, y, width=3.0, rng=rng, permutations=199)
    assert found.p_value == 1 / 200


def test_p_values_of_clean_pairs_are_spread_evenly(embeddings):
    rng = np.random.default_rng(0)
    found = [
        permutation_test(
            embeddings(100 + n, 60)[:20],
            embeddings(900 + n, 40),
            width=3.0,
            rng=rng,
            permutations=99,
        ).p_value
        for n in range(400)
    ]
    # 400 values: the largest gap of the empirical distribution is below 0.068
    # in 95 % of cases (Kolmogorov)
    gaps = np.abs(np.sort(found) - (np.arange(400) + 0.5) / 400)
    assert gaps.max() < 0.075
