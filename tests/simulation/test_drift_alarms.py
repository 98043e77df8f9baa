"""A thousand clean windows give alarm as often as was stated; shifted ones far oftener.

Windows share no sample with one another, nor with the reference. Most runs use made-up
embeddings, which cost nothing; one uses those of a reference model. docs/drift.md
quotes longer runs of `tierbench drift study`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tierbench.harness import registry
from tierbench.models.drift.chance import binomial_range
from tierbench.models.drift.detector import Exact, Streaming, threshold
from tierbench.models.drift.mmd import bandwidth, permutation_test
from tierbench.models.drift.streams import stream
from tierbench.models.drift.watched import Watched, watch

pytestmark = pytest.mark.simulation

WINDOWS = 1_000
RATES = (0.05, 0.01)
SIZE = 24
KINDS = (Streaming, Exact)

_WORLD = np.random.default_rng(11)
_CENTRES = _WORLD.standard_normal((6, SIZE))
_SPREADS = 0.15 * _WORLD.standard_normal((6, SIZE, SIZE))


def embeddings(seed: int, samples: int, shift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    kinds = rng.integers(len(_CENTRES), size=samples)
    noise = rng.standard_normal((samples, SIZE))
    spread = np.einsum("nij,nj->ni", _SPREADS[kinds], noise)
    return np.maximum(_CENTRES[kinds] + spread + shift, 0.0).astype(np.float32)


def alarms(detector: Streaming | Exact, found: np.ndarray, rate: float) -> int:
    return int(np.count_nonzero(found > threshold(detector.null, rate)))


@pytest.mark.parametrize(
    ("kind", "window"), [(Streaming, 20), (Exact, 20), (Streaming, 100)]
)
def test_clean_windows_give_alarm_at_the_stated_rate(kind, window):
    """Over three references: the rate holds on average over them."""
    counts = dict.fromkeys(RATES, 0)
    for seed in range(3):
        reference = embeddings(seed, 2_000)
        detector = kind(reference, window, np.random.default_rng(seed))
        found = detector.statistics(embeddings(100 + seed, WINDOWS * window))
        assert len(found) == WINDOWS
        for rate in RATES:
            counts[rate] += alarms(detector, found, rate)
    for rate, count in counts.items():
        low, high = binomial_range(3 * WINDOWS, rate)
        print(f"\n{kind.name}, {window}: {count} of {3 * WINDOWS} at {rate:.0%}")
        assert low <= count <= high


def test_the_permutation_test_is_exact():
    rng = np.random.default_rng(0)
    width = bandwidth(embeddings(1, 500))
    values = np.array(
        [
            permutation_test(
                embeddings(2 * n + 10_000, 20),
                embeddings(2 * n + 10_001, 40),
                width=width,
                rng=rng,
                permutations=99,
            ).p_value
            for n in range(WINDOWS)
        ]
    )
    for rate in RATES:
        low, high = binomial_range(WINDOWS, rate)
        assert low <= np.count_nonzero(values <= rate + 1e-9) <= high


def test_power_grows_with_the_shift_and_with_the_window():
    reference = embeddings(0, 2_000)
    shares = {}
    for window in (25, 100):
        detector = Streaming(reference, window, np.random.default_rng(0))
        for shift in (0.0, 0.05, 0.1, 0.2):
            found = detector.statistics(embeddings(7, 100 * window, shift))
            shares[window, shift] = alarms(detector, found, 0.01) / 100
    for window in (25, 100):
        grown = [shares[window, shift] for shift in (0.0, 0.05, 0.1, 0.2)]
        assert grown == sorted(grown)
    assert shares[25, 0.1] < shares[100, 0.1]
    assert shares[100, 0.2] == 1.0


@pytest.fixture(scope="module")
def bearing(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    folder: Path = tmp_path_factory.mktemp("bearing")
    return watch("bearing", "fp32", "onnx", folder)


def test_a_reference_model_is_watched_as_stated(bearing):
    """At severity 3 rough races cost 12 points of accuracy."""
    window, shifts = 20, registry.find(registry.SHIFTS, "bearing")
    drawn = {
        purpose: bearing.observe(shifts.inputs(stream(shifts, purpose, samples)))[1]
        for purpose, samples in (("reference", 2_000), ("clean", WINDOWS * window))
    }
    # classes come in turn; real samples do not
    clean = np.random.default_rng(0).permutation(drawn["clean"])
    rough = shifts.inputs(
        stream(shifts, "shifted", 40 * window), shifts.find("roughness"), 3
    )
    shifted = np.random.default_rng(0).permutation(bearing.observe(rough)[1])
    both = [k(drawn["reference"], window, np.random.default_rng(1)) for k in KINDS]
    found = [detector.statistics(clean) for detector in both]
    for rate in RATES:
        low, high = binomial_range(WINDOWS, rate)
        for detector, values in zip(both, found, strict=True):
            count = alarms(detector, values, rate)
            print(f"\nbearing, {detector.name}: {count} of {WINDOWS} at {rate:.0%}")
            assert low <= count <= high
            power = alarms(detector, detector.statistics(shifted), rate) / 40
            assert power >= 0.9
        alike = np.mean(
            (found[0] > threshold(both[0].null, rate))
            == (found[1] > threshold(both[1].null, rate))
        )
        assert alike >= 0.95
