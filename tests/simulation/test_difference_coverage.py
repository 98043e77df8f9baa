"""Do intervals of differences in accuracy hold the truth as promised?

Whether a sample is judged right hangs on how hard it is, which all files share, on
the training's own luck, which all samples share, and on both at once.
"""

import os
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pytest

from tierbench.harness.differences import (
    difference_over_seeds,
    paired_difference,
    tango_interval,
)

pytestmark = pytest.mark.simulation

RUNS = int(os.environ.get("TIERBENCH_DIFFERENCE_RUNS", "300"))
ERROR = 3 * (0.05 * 0.95 / RUNS) ** 0.5
"""Three standard errors of a share of 95 % seen in as many runs."""

NORMAL = NormalDist()


@dataclass(frozen=True, kw_only=True)
class World:
    """Files that are right on a share ``level`` of samples, the variant a bit more.

    ``alike`` is the share of what decides on a sample that all files have in common;
    ``luck`` the standard deviation of what a training shifts; all in latent units.
    """

    seeds: int
    n: int
    level: float
    luck: float
    alike: float
    is_control_trained: bool = False
    gain: float = 0.1

    @property
    def truth(self) -> float:
        """Return the difference over all samples and all trainings."""
        base = NORMAL.inv_cdf(self.level)
        spread = (1 + self.luck**2) ** 0.5
        mine = NORMAL.cdf((base + self.gain) / spread)
        return mine - NORMAL.cdf(base / (spread if self.is_control_trained else 1))

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return outcomes of the variant and of its control."""
        hard = self.alike**0.5 * rng.normal(size=self.n)

        def outcomes(shift: float, seeds: int, luck: float) -> np.ndarray:
            own = (1 - self.alike) ** 0.5 * rng.normal(size=(seeds, self.n))
            lucky = luck * rng.normal(size=(seeds, 1))
            base = NORMAL.inv_cdf(self.level) + shift
            return (base + lucky + hard + own > 0).astype(float)

        trained = self.is_control_trained
        return outcomes(self.gain, self.seeds, self.luck), outcomes(
            0.0, self.seeds if trained else 1, self.luck if trained else 0.0
        )


WORLDS = {
    f"{seeds} seeds, {n} at {level}, luck {luck}, alike {alike}"
    + (", control trained" if trained else ""): World(
        seeds=seeds,
        n=n,
        level=level,
        luck=luck,
        alike=alike,
        is_control_trained=trained,
    )
    for seeds in (3, 5)
    for n, level in ((400, 0.9), (1200, 0.9), (1200, 0.98))
    for luck, alike, trained in (
        (0.0, 0.9, False),
        (0.0, 0.99, False),
        (0.1, 0.9, False),
        (0.05, 0.9, True),
        (0.15, 0.99, True),
    )
}


def seen(world: World, runs: int = RUNS) -> tuple[float, float]:
    """Return the share of intervals that hold the truth, and their mean width."""
    rng = np.random.default_rng(61)
    found = [difference_over_seeds(*world.draw(rng)).interval for _ in range(runs)]
    held = [one.low <= world.truth <= one.high for one in found]
    return float(np.mean(held)), float(np.mean([one.high - one.low for one in found]))


@pytest.mark.parametrize("name", WORLDS)
def test_over_seeds(name: str) -> None:
    cover, width = seen(WORLDS[name])
    print(f"{name}: {cover:.3f}, {100 * width:.2f} points")
    assert cover >= 0.93 - ERROR


def test_samples_alone_would_not_do() -> None:
    """Where trainings differ, one seed's interval of its file misses the technique."""
    world = WORLDS["3 seeds, 1200 at 0.9, luck 0.15, alike 0.99, control trained"]
    rng, held = np.random.default_rng(62), 0
    for _ in range(RUNS):
        variant, control = world.draw(rng)
        found = paired_difference(variant[0], control[0]).interval
        held += found.low <= world.truth <= found.high
    assert held / RUNS < 0.5


@pytest.mark.parametrize("n", [50, 400, 1200])
@pytest.mark.parametrize(
    ("gained", "lost"),
    [(0.0, 0.0), (0.002, 0.002), (0.01, 0.0), (0.005, 0.02), (0.03, 0.03), (0.1, 0.15)],
)
def test_two_files(n: int, gained: float, lost: float) -> None:
    rng = np.random.default_rng(63)
    draws = rng.multinomial(n, [gained, lost, 1 - gained - lost], size=3000)
    pairs, counts = np.unique(draws[:, :2], axis=0, return_counts=True)
    held = 0
    for (one, other), times in zip(pairs, counts, strict=True):
        found = tango_interval(int(one), int(other), n)
        held += times * (found.low <= gained - lost <= found.high)
    print(f"{n}, {gained}, {lost}: {held / 3000:.3f}")
    assert held / 3000 >= 0.92
