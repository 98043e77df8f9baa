import numpy as np
import pytest

from tierbench.harness.errors import DataError
from tierbench.models.drift.detector import (
    Exact,
    Streaming,
    check_rates,
    threshold,
)

WINDOW = 25


@pytest.fixture(scope="module", params=[Streaming, Exact])
def detector(request, embeddings):
    return request.param(embeddings(1, 500), WINDOW, np.random.default_rng(0))


def test_threshold_is_exceeded_by_no_more_than_the_stated_share():
    null = np.arange(1.0, 1_001.0)
    for rate in (0.05, 0.01, 0.5):
        above = np.count_nonzero(null > threshold(null, rate))
        assert rate * 1_000 - 1 <= above <= rate * 1_000


def test_null_has_the_mean_and_spread_of_fresh_windows(detector, embeddings):
    fresh = detector.statistics(embeddings(2, 400 * WINDOW))
    assert len(fresh) == 400
    assert np.std(fresh) == pytest.approx(np.std(detector.null), rel=0.2)
    assert np.mean(fresh) == pytest.approx(np.mean(detector.null), abs=np.std(fresh))


def test_a_shift_is_noticed(detector, embeddings):
    found = detector.statistics(embeddings(3, 20 * WINDOW, shift=0.4))
    assert (found > threshold(detector.null, 0.01)).all()


def test_a_rest_of_a_window_is_left_out(detector, embeddings):
    assert len(detector.statistics(embeddings(4, 2 * WINDOW + 3))) == 2


def test_both_detectors_say_the_same(embeddings):
    reference = embeddings(1, 500)
    both = [
        kind(reference, WINDOW, np.random.default_rng(0)) for kind in (Streaming, Exact)
    ]
    windows = [embeddings(5 + n, 100 * WINDOW, shift=0.1 * n) for n in range(4)]
    first, second = (np.concatenate([d.statistics(w) for w in windows]) for d in both)
    assert np.corrcoef(first, second)[0, 1] > 0.98
    alarms = [
        values > threshold(d.null, 0.05)
        for d, values in zip(both, (first, second), strict=True)
    ]
    assert np.mean(alarms[0] == alarms[1]) > 0.95


def test_directions_that_hardly_vary_count_as_well(embeddings):
    rng = np.random.default_rng(0)
    quiet = 0.3 * rng.standard_normal((1_500, 4)).astype(np.float32)
    loud = embeddings(1, 1_500)
    both = np.concatenate([loud, quiet], axis=1)
    moved = both[1_000:].copy()
    moved[:, -4:] += 0.5
    for kind in (Streaming, Exact):
        found = kind(both[:1_000], WINDOW, np.random.default_rng(0))
        alarms = found.statistics(moved) > threshold(found.null, 0.01)
        assert alarms.mean() > 0.9


@pytest.mark.parametrize("kind", [Streaming, Exact])
@pytest.mark.parametrize(
    ("spoil", "window", "told"),
    [
        (
            lambda e: e[:249],
            25,
            "249 reference samples for windows of 25; at least 250",
        ),
        (lambda e: np.where(e > 3, np.nan, e), 25, "NaN or infinity"),
        (lambda e: np.ones_like(e), 25, "are the same"),
        (lambda e: e, 1, "a window of 1 samples"),
    ],
)
def test_a_reference_that_does_not_do_is_refused(embeddings, kind, spoil, window, told):
    with pytest.raises(DataError, match=told):
        kind(spoil(embeddings(1, 400)), window, np.random.default_rng(0))


def test_rates_that_resampling_cannot_reach_are_refused():
    check_rates([0.05, 0.001])
    for rate in (0.0, 0.0001, 0.6, float("nan")):
        with pytest.raises(DataError, match="a false-alarm rate of"):
            check_rates([rate])
