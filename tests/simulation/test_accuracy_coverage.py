"""Do intervals of the AUC and of the mean absolute error hold the truth as promised?"""

from statistics import NormalDist

import numpy as np
import pytest

from tierbench.harness.auc import Auc
from tierbench.harness.mae import Mae

pytestmark = pytest.mark.simulation

N = 300
RUNS = 1000
LOW, HIGH = 0.93, 0.97


def share(intervals, truth: float) -> float:
    """Return the share of intervals that hold the truth."""
    return float(np.mean([found.low <= truth <= found.high for found in intervals]))


@pytest.mark.parametrize("distance", [0.0, 0.5, 1.0, 2.0])
def test_auc_of_normal_scores(distance: float) -> None:
    """Two normal classes a distance apart: the area is Phi(distance / sqrt 2)."""
    rng = np.random.default_rng(50)
    labels = np.arange(N) % 2
    found = (
        Auc().accuracy((rng.normal(size=N) + distance * labels)[:, None], labels)
        for _ in range(RUNS)
    )
    assert LOW <= share(found, NormalDist().cdf(distance / 2**0.5)) <= HIGH


def test_auc_of_few_grades() -> None:
    """Scores of five grades tie often; the truth is a sum over the grades."""
    rng = np.random.default_rng(51)
    chances = np.array([[0.4, 0.3, 0.15, 0.1, 0.05], [0.05, 0.15, 0.2, 0.3, 0.3]])
    pairs = np.outer(chances[1], chances[0])
    truth = np.tril(pairs, -1).sum() + np.trace(pairs) / 2
    labels = np.arange(N) % 3 // 2
    counts = np.bincount(labels)

    def scores() -> np.ndarray:
        drawn = np.empty((N, 1), np.int8)
        for label in (0, 1):
            drawn[labels == label, 0] = rng.choice(5, counts[label], p=chances[label])
        return drawn

    found = (Auc().accuracy(scores(), labels) for _ in range(RUNS))
    assert LOW <= share(found, float(truth)) <= HIGH


def test_auc_of_three_classes() -> None:
    """The truth is taken from a sample of a hundred times the size."""
    rng = np.random.default_rng(52)

    def drawn(n: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(n) % 3
        return rng.normal(size=(n, 3)) + np.eye(3)[labels], labels

    parts = []
    for _ in range(3):
        scores, labels = drawn(100 * N)
        for c in range(3):
            own, rest = scores[labels == c, c], np.sort(scores[labels != c, c])
            parts.append(np.searchsorted(rest, own).mean() / len(rest))
    found = (Auc().accuracy(*drawn(N)) for _ in range(RUNS))
    assert LOW <= share(found, float(np.mean(parts))) <= HIGH


@pytest.mark.parametrize(
    ("kind", "truth"), [("normal", (2 / np.pi) ** 0.5), ("exponential", 1.0)]
)
def test_mae_of_errors_with_and_without_a_long_tail(kind: str, truth: float) -> None:
    rng = np.random.default_rng(53)
    draw = getattr(rng, f"standard_{kind}")
    found = (Mae().accuracy(np.abs(draw(N)), np.zeros(N)) for _ in range(RUNS))
    assert LOW <= share(found, truth) <= HIGH
