"""Resamples in chunks, and intervals of them."""

import numpy as np
import pytest

from tierbench.harness import bootstrap
from tierbench.harness.bootstrap import RESAMPLES, draws, percentile_interval


@pytest.mark.parametrize("chunk", [1, 1000, 1 << 21])
def test_every_resample_keeps_the_size_of_each_stratum(monkeypatch, chunk) -> None:
    monkeypatch.setattr(bootstrap, "_CHUNK", chunk)
    chunks = list(draws([3, 7], seed=1))
    for counts, size in zip(zip(*chunks, strict=True), (3, 7), strict=True):
        rows = np.concatenate(counts)
        assert rows.shape == (RESAMPLES, size)
        assert (rows.sum(axis=1) == size).all()
        assert rows.mean(axis=0) == pytest.approx(np.ones(size), abs=0.15)
    assert all(rows.size <= max(chunk, 7) for counts in chunks for rows in counts)


def test_draws_depend_on_the_seed_alone() -> None:
    first, again, other = (next(draws([50], seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_interval_holds_the_value() -> None:
    resampled = np.linspace(0, 1, 1001)
    found = percentile_interval(resampled, 0.5)
    assert (found.low, found.high) == pytest.approx((0.025, 0.975))
    assert percentile_interval(resampled, 2.0).high == 2.0
    assert percentile_interval(resampled, -1.0).low == -1.0
