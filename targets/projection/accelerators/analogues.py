"""Frame rates of a Hailo by networks alike: each scaled by size, weighed by nearness.

Frames per second depend on whether the compiler fits a network onto the chip whole or
in several contexts that are loaded in turn, which no formula of sizes tells. So the
published networks nearby vote. Each gives its frame rate, corrected for the difference
in size by its regime's slopes; near ones weigh more, and of each kind all together as
much as the kind is probable: where it is not told, by the kinds of networks nearby.
A chip of a share of Hailo-8 is taken to do with a network what
Hailo-8 does with one that is larger by that share, on an input of the same size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
NEAR = 0.2
"""The distance, in logarithms of sizes, over which weights fall by e."""
SPREAD, SPREAD_GROWTH = 0.15, 0.2
"""Standard deviation of the vote of a network of the same size, and with distance."""
FREEDOM = 5.0


KIND_LENGTHS = np.array([1.2, 0.3, 0.03])
"""Over how many logarithms of each size a network's kind speaks for another's.

Families share their input's size, so that it tells most.
"""
KIND_FAR_WEIGHT = 1e-5
"""What every network says of the kind however far it is: of one far from all, any."""
MOST_KINDS = 2.5
"""Up to how many equally probable kinds (e to the entropy) a frame rate is told."""
POSSIBLE = 0.05
"""The probability from which on a kind is named."""


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
    offsets, distances = _offsets(found, work, share)
    weights = _weights(found, work, distances)
    votes = found.rates + (offsets * found.slopes[found.regimes]).sum(axis=1)
    spread = scale * np.hypot(SPREAD, SPREAD_GROWTH * distances)
    kept = weights > 1e-3
    return mixture_band(weights[kept] / weights[kept].sum(), votes[kept], spread[kept])


def nearest(found: Analogues, work: Work, share: float, count: int) -> list[Neighbour]:
    """Return the neighbours that weigh most."""
    weights = _weights(found, work, _offsets(found, work, share)[1])
    order = np.argsort(-weights, kind="stable")
    return [found.neighbours[place] for place in order[:count] if weights[place] > 0]


def kinds(found: Analogues, work: Work) -> dict[str, float]:
    """Return the probability of each kind; where one is told, 1 for it alone."""
    if work.kind in found.kinds:
        return {str(work.kind): 1.0}
    offsets, _ = _offsets(found, work, 1.0)
    distances = np.sqrt(((offsets / KIND_LENGTHS) ** 2).sum(axis=1))
    weights = np.exp(-distances) + KIND_FAR_WEIGHT
    weights = weights / weights.sum()
    return {
        str(kind): float(weights[found.kinds == kind].sum())
        for kind in np.unique(found.kinds)
    }


def _weights(found: Analogues, work: Work, distances: Vector) -> Vector:
    nearness = np.exp(-distances / NEAR) + FAR_WEIGHT * NEAR
    weights = np.zeros_like(nearness)
    for kind, probability in kinds(found, work).items():
        own = found.kinds == kind
        weights[own] = probability * nearness[own] / nearness[own].sum()
    return weights


def _offsets(found: Analogues, work: Work, share: float) -> tuple[Vector, Vector]:
    """Return by how much, in logarithms, the work is larger, and the distances."""
    sizes = [work.parameters / share, work.macs / share, work.elements or 1]
    offsets = np.log(sizes) - found.places
    if work.elements is None:
        offsets[:, 2] = 0.0
    return offsets, np.sqrt((offsets**2).sum(axis=1))


def unclear(found: Analogues, work: Work, share: float) -> str | None:
    """Return which kinds a network may be of, where those are too many, or None."""
    probable = kinds(found, work)
    shares = np.array(list(probable.values()))
    if np.exp(-(shares * np.log(shares)).sum()) <= MOST_KINDS:
        return None
    speeds = {
        kind: float(f"{np.exp(log_fps(found, like, share=share).mid):.3g}")
        for kind, probability in probable.items()
        if probability >= POSSIBLE
        for like in [replace(work, kind=kind)]
    }
    told = ", ".join(f"{kind} ({fps:g} frames/s)" for kind, fps in speeds.items())
    return (
        "macs are one number, by which the network may be of these kinds: "
        f"{told}; tell macs by operator class"
        + (" and input_shape" if work.elements is None else "")
    )


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
