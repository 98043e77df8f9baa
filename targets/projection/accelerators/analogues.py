"""Frame rates of a Hailo by networks alike: each scaled by size, weighed by nearness.

Frames per second depend on whether the compiler fits a network onto the chip whole or
in several contexts that are loaded in turn, which no formula of sizes tells. So the
published networks nearby vote. Each gives its frame rate, corrected for the difference
in size by its regime's slopes; near ones weigh more, and of another kind (where the
kind is told) nothing. A chip of a share of Hailo-8 is taken to do with a network what
Hailo-8 does with one that is larger by that share, on an input of the same size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .band import Band, Vector, mixture_band
from .work import TRANSFORMER, Work

WHOLE, CONTEXTS, TOKENS = 0, 1, 2
"""Regimes with slopes of their own."""
SLOPE_MEANS = np.array([0.0, -0.6, -0.2])
SLOPE_DEVIATION = 0.3
ROW_DEVIATION = 0.4
"""Of slopes before rows speak, and of a row: frame rates fall with operations."""
FAR_WEIGHT = 0.003
"""What a network keeps of its weight however far it is, times the nearness."""
SPREAD = 0.15
"""Standard deviation of the vote of a network of the same size."""
FREEDOM = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How nearness counts: weight falls by e over ``near``, a vote's spread grows.

    Distances are in logarithms of parameters, multiply-accumulates and values of the
    input, each times its ``stretch``.
    """

    near: float
    stretch: tuple[float, float, float]
    spread: float


KIND_TOLD = Metric(near=0.2, stretch=(1.0, 1.0, 1.0), spread=0.2)
KIND_UNTOLD = Metric(near=0.35, stretch=(0.5, 0.5, 3.0), spread=0.1)
"""Networks of one family share their input's size, which tells more than the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A published network: sizes and frames per second with batch 1 and 8."""

    network: str
    parameters: int
    macs: int
    elements: int
    kind: str
    fps_batch1: float
    fps_batch8: float

    @property
    def regime(self) -> int:
        """Return whether it fits whole, takes contexts, or is a transformer."""
        if self.kind == TRANSFORMER:
            return TOKENS
        return CONTEXTS if self.fps_batch8 > 1.05 * self.fps_batch1 else WHOLE

    def log_fps(self, batch: int) -> float:
        """Return the logarithm of the published frame rate."""
        return float(np.log(self.fps_batch1 if batch == 1 else self.fps_batch8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Analogues:
    """Neighbours with slopes by regime, shape (3, 3), for one batch size.

    ``places`` are logarithms of sizes, shape (networks, 3); ``rates`` of frames per
    second.
    """

    neighbours: tuple[Neighbour, ...]
    batch: int
    slopes: Vector
    places: Vector
    rates: Vector
    regimes: NDArray[np.int64]
    kinds: NDArray[np.str_]


def analogues(
    neighbours: Sequence[Neighbour], batch: int, slopes: Vector | None = None
) -> Analogues:
    """Return neighbours with slopes, fitted to them where none are given."""
    places = np.array([_place(one) for one in neighbours])
    rates = np.array([one.log_fps(batch) for one in neighbours])
    regimes = np.array([one.regime for one in neighbours])
    if slopes is None:
        fitted = [
            _slopes(places[regimes == regime], rates[regimes == regime])
            for regime in (WHOLE, CONTEXTS, TOKENS)
        ]
        slopes = np.array(fitted)
    return Analogues(
        neighbours=tuple(neighbours),
        batch=batch,
        slopes=slopes,
        places=places,
        rates=rates,
        regimes=regimes,
        kinds=np.array([one.kind for one in neighbours]),
    )


def _place(one: Neighbour) -> list[float]:
    return [float(np.log(x)) for x in (one.parameters, one.macs, one.elements)]


def _slopes(places: Vector, rates: Vector) -> Vector:
    """Return slopes held towards `SLOPE_MEANS`, with rows weighted as under a t."""
    if len(rates) < 2:
        return SLOPE_MEANS
    centred = places - places.mean(axis=0)
    target = rates - rates.mean()
    weights = np.ones(len(rates))
    slopes = SLOPE_MEANS
    for _ in range(6):
        weighted = centred * weights[:, None] / ROW_DEVIATION**2
        slopes = np.linalg.solve(
            centred.T @ weighted + np.eye(3) / SLOPE_DEVIATION**2,
            weighted.T @ target + SLOPE_MEANS / SLOPE_DEVIATION**2,
        )
        rest = target - centred @ slopes
        rest = rest - np.median(rest)
        weights = FREEDOM / (FREEDOM - 1 + (rest / ROW_DEVIATION) ** 2)
    return np.asarray(slopes)


def log_fps(
    found: Analogues, work: Work, *, share: float = 1.0, scale: float = 1.0
) -> Band:
    """Return a band of the logarithm of frames per second.

    Args:
        found: the neighbours.
        work: of the network that is asked for.
        share: of Hailo-8 that the chip has.
        scale: how far votes' standard deviations are stretched.
    """
    metric = KIND_TOLD if work.kind is not None else KIND_UNTOLD
    offsets, distances = _offsets(found, work, share)
    weights = np.exp(-distances / metric.near) + FAR_WEIGHT * metric.near
    if work.kind in found.kinds:
        weights = weights * (found.kinds == work.kind)
    weights = weights / weights.sum()
    votes = found.rates + (offsets * found.slopes[found.regimes]).sum(axis=1)
    spread = scale * np.hypot(SPREAD, metric.spread * distances)
    kept = weights > 1e-3
    return mixture_band(weights[kept] / weights[kept].sum(), votes[kept], spread[kept])


def nearest(found: Analogues, work: Work, share: float, count: int) -> list[Neighbour]:
    """Return the neighbours that weigh most."""
    distances = _offsets(found, work, share)[1]
    order = np.argsort(distances, kind="stable")
    own = [found.neighbours[place] for place in order]
    if work.kind is not None and any(one.kind == work.kind for one in own):
        own = [one for one in own if one.kind == work.kind]
    return own[:count]


def _offsets(found: Analogues, work: Work, share: float) -> tuple[Vector, Vector]:
    """Return by how much, in logarithms, the work is larger, and the distances."""
    metric = KIND_TOLD if work.kind is not None else KIND_UNTOLD
    sizes = [work.parameters / share, work.macs / share, work.elements or 1]
    asked = np.log(sizes)
    offsets = asked - found.places
    if work.elements is None:
        offsets[:, 2] = 0.0
    stretched = offsets * np.array(metric.stretch)
    return offsets, np.sqrt((stretched**2).sum(axis=1))


def outside(found: Analogues, work: Work, share: float) -> str | None:
    """Return in what a network lies outside of those published, or None."""
    asked = {"parameters": work.parameters, "multiply-accumulates": work.macs}
    places = found.places
    for column, (name, value) in enumerate(asked.items()):
        low, high = np.exp(places[:, column].min()), np.exp(places[:, column].max())
        if not low / REACH <= value / share <= high * REACH:
            return (
                f"{value} {name}; published were {low:.3g} to {high:.3g} on Hailo-8, "
                f"and no further than {REACH:g} times beyond that is anything said"
            )
    return None


REACH = 4.0
"""How many times smaller or larger than all published a network may be."""
