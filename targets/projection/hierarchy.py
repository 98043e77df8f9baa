"""Fit the projection's form to rows.

The mode of a hierarchical normal model of log cycles, by Gauss-Newton steps; the
standard deviation of each kind of effect by expectation-maximisation, with a prior worth
three effects so that a kind with few members is not shut down; rows weighted as under a
t distribution with 5 degrees of freedom, so that a broken row does not pull. Whether a
version of a stack drops dead channels is the assignment under which its rows of the one
model that has them fit better: inferred from times, not read in its code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .cores import CORES
from .form import FIXED, GROUPS, PRICE_GROUPS, System, Vector, blend, parameter
from .rows import WORKS, Row, board_key

PRIOR: Mapping[str, tuple[float, float]] = {
    "level": (0.0, 5.0),
    "coremark": (-1.0, 1.0),
    "lanes": (-1.0, 1.0),
    "price depthwise": (float(np.log(3)), 0.3),
    "price outputs": (float(np.log(20)), 0.7),
    "price dense": (0.0, 0.5),
}
"""Means and standard deviations, set before any fit.

Cycles go down as a core does more in one (-1); a depthwise product costs some three of a
matrix product's, since nothing is reused; an output costs its requantisation. The price
of a depthwise product is held close: the two published models that have any have nearly
one ratio of depthwise to 1x1 convolution, so that rows alone do not tell it.
"""

DEVIATIONS: Mapping[str, float] = {
    "core": 0.25,
    "family": 0.3,
    "version": 0.15,
    "board": 0.15,
    "family outputs": 0.2,
    "family dense": 0.2,
}
"""What each kind of effect is taken to vary by before the rows speak."""

NOISE = 0.15
PSEUDO_COUNT = 3.0
FREEDOM = 5.0
ROUNDS, STEPS = 8, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fit: parameters, their covariance, what varies, and who drops dead channels."""

    index: Mapping[str, int]
    values: Vector
    covariance: Vector
    deviations: Mapping[str, float]
    noise: float
    live: Mapping[str, bool]


def fit(rows: Sequence[Row]) -> Fitted:
    """Return the fit to some rows."""
    systems = [system_of(row) for row in rows]
    log_cycles = np.log([row.cycles for row in rows])
    index = _index(systems)
    mean = np.zeros(len(index))
    spread = np.ones(len(index))
    for name, (centre, deviation) in PRIOR.items():
        mean[index[name]], spread[index[name]] = centre, deviation
    members = {
        kind: [place for name, place in index.items() if name.startswith(f"{kind}: ")]
        for kind in DEVIATIONS
    }
    deviations, noise = dict(DEVIATIONS), NOISE
    live = {row.version: 0.5 for row in rows}
    values = mean.copy()
    for _ in range(ROUNDS):
        for kind, places in members.items():
            spread[places] = deviations[kind]
        for _ in range(STEPS):
            gradients, residuals = _linearised(
                rows, systems, log_cycles, index, values, live
            )
            weights = (FREEDOM + 1) / (FREEDOM + (residuals / noise) ** 2)
            scaled = gradients * (weights / noise**2)[:, None]
            covariance = np.linalg.inv(gradients.T @ scaled + np.diag(spread**-2.0))
            values = values + covariance @ (
                scaled.T @ residuals - (values - mean) / spread**2
            )
        for kind, places in members.items():
            squares = values[places] ** 2 + np.diag(covariance)[places]
            deviations[kind] = _pooled(float(squares.sum()), len(places), DEVIATIONS[kind])
        _, residuals = _linearised(rows, systems, log_cycles, index, values, live)
        explained = np.trace(covariance @ (gradients.T @ (gradients * weights[:, None])))
        squared = float(weights @ residuals**2 + explained)
        noise = _pooled(squared, len(rows), NOISE)
        live = _assigned(rows, systems, log_cycles, index, values)
    return Fitted(
        index=index,
        values=values,
        covariance=covariance,
        deviations=deviations,
        noise=noise,
        live={version: share == 1.0 for version, share in live.items()},
    )


def system_of(row: Row) -> System:
    """Return what ran a row, with all that the row tells of it."""
    return System(
        core=CORES[row.core],
        known={
            "core": row.core,
            "family": row.family,
            "version": row.version,
            "board": board_key(row.board),
        },
    )


def _pooled(squares: float, count: int, prior: float) -> float:
    return float(np.sqrt((squares + PSEUDO_COUNT * prior**2) / (count + PSEUDO_COUNT)))


def _index(systems: Sequence[System]) -> dict[str, int]:
    labels = {
        parameter(kind, label)
        for system in systems
        for kind, label, _ in system.effects()
    }
    order = (*GROUPS, *PRICE_GROUPS)
    names = sorted(labels, key=lambda name: (order.index(name.split(":")[0]), name))
    return {name: place for place, name in enumerate((*FIXED, *names))}


def _linearised(
    rows: Sequence[Row],
    systems: Sequence[System],
    log_cycles: Vector,
    index: Mapping[str, int],
    values: Vector,
    live: Mapping[str, float],
) -> tuple[Vector, Vector]:
    """Return the gradient for each row, and what the form leaves of its log cycles."""
    found = [
        blend(WORKS[row.benchmark], live[row.version], system, index, values)[0]
        for row, system in zip(rows, systems, strict=True)
    ]
    fitted = np.array([one.log_cycles for one in found])
    return np.array([one.gradient for one in found]), log_cycles - fitted


def _assigned(
    rows: Sequence[Row],
    systems: Sequence[System],
    log_cycles: Vector,
    index: Mapping[str, int],
    values: Vector,
) -> dict[str, float]:
    """Return for each version 1 where its rows fit better without dead channels."""
    whole, live = (
        _linearised(
            rows,
            systems,
            log_cycles,
            index,
            values,
            dict.fromkeys((row.version for row in rows), share),
        )[1]
        for share in (0.0, 1.0)
    )
    gains: dict[str, float] = {}
    for row, with_all, without in zip(rows, whole, live, strict=True):
        gain = float(with_all**2 - without**2)
        gains[row.version] = gains.get(row.version, 0.0) + gain
    return {version: float(gain > 0) for version, gain in gains.items()}
