"""Fit the projection's form to rows.

The mode of a hierarchical normal model of log cycles, by Gauss-Newton steps; the
standard deviation of each kind of effect by expectation-maximisation, with a prior
worth three effects so that a kind with few members is not shut down; rows weighted as
under a t distribution with 5 degrees of freedom, so that a broken row does not pull.
Whether a version of a stack drops dead channels is the assignment under which its rows
of the one model that has them fit better: inferred from times, not read in its code.
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

Cycles go down as a core does more in one (-1); a depthwise product costs some three of
a matrix product's, since nothing is reused; an output costs its requantisation. The
price of a depthwise product is held close: the two published models that have any have
nearly one ratio of depthwise to 1x1 convolution, so that rows alone do not tell it.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """Rows, what ran them, and where the parameters of the form stand."""

    rows: Sequence[Row]
    systems: Sequence[System]
    log_cycles: Vector
    index: Mapping[str, int]

    def linearised(
        self, values: Vector, shares: Mapping[str, float]
    ) -> tuple[Vector, Vector]:
        """Return each row's gradient, and what the form leaves of its log cycles.

        ``shares`` tells how probably each version drops dead channels.
        """
        found = [
            blend(
                WORKS[row.benchmark], shares[row.version], system, self.index, values
            )[0]
            for row, system in zip(self.rows, self.systems, strict=True)
        ]
        fitted = np.array([one.log_cycles for one in found])
        return np.array([one.gradient for one in found]), self.log_cycles - fitted


def fit(rows: Sequence[Row], live: Mapping[str, bool] | None = None) -> Fitted:
    """Return the fit to some rows.

    ``live`` tells which versions drop dead channels; None to infer it.
    """
    data = _data(rows)
    mean, spread = _prior(data.index)
    members = {
        kind: [at for name, at in data.index.items() if name.startswith(f"{kind}: ")]
        for kind in DEVIATIONS
    }
    deviations, noise = dict(DEVIATIONS), NOISE
    shares = {row.version: 0.5 if live is None else live[row.version] for row in rows}
    values = mean
    for _ in range(ROUNDS):
        for kind, places in members.items():
            spread[places] = deviations[kind]
        values, covariance, explained = _mode(data, mean, spread, noise, values, shares)
        for kind, places in members.items():
            squares = float(np.sum(values[places] ** 2 + np.diag(covariance)[places]))
            deviations[kind] = _pooled(squares, len(places), DEVIATIONS[kind])
        _, residuals = data.linearised(values, shares)
        squared = float(_weights(residuals, noise) @ residuals**2)
        noise = _pooled(squared + explained, len(rows), NOISE)
        if live is None:
            shares = _assigned(data, values)
    return Fitted(
        index=data.index,
        values=values,
        covariance=covariance,
        deviations=deviations,
        noise=noise,
        live={version: share == 1.0 for version, share in shares.items()},
    )


def _mode(
    data: _Data,
    mean: Vector,
    spread: Vector,
    noise: float,
    values: Vector,
    shares: Mapping[str, float],
) -> tuple[Vector, Vector, float]:
    """Return the most probable parameters, their covariance, and what it explains.

    The last is the rows' weighted variance that is due to the parameters' own.
    """
    for _ in range(STEPS):
        gradients, residuals = data.linearised(values, shares)
        weights = _weights(residuals, noise)
        weighted = gradients * weights[:, None]
        information = gradients.T @ weighted / noise**2 + np.diag(spread**-2.0)
        covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
        slope = weighted.T @ residuals / noise**2 - (values - mean) / spread**2
        values = values + covariance @ slope
    return values, covariance, float(np.trace(covariance @ (gradients.T @ weighted)))


def _weights(residuals: Vector, noise: float) -> Vector:
    """Return the weights under which a row far off counts less."""
    weights: Vector = (FREEDOM + 1) / (FREEDOM + (residuals / noise) ** 2)
    return weights


def _prior(index: Mapping[str, int]) -> tuple[Vector, Vector]:
    mean, spread = np.zeros(len(index)), np.ones(len(index))
    for name, (centre, deviation) in PRIOR.items():
        mean[index[name]], spread[index[name]] = centre, deviation
    return mean, spread


def _data(rows: Sequence[Row]) -> _Data:
    systems = [system_of(row) for row in rows]
    return _Data(
        rows=rows,
        systems=systems,
        log_cycles=np.log([row.cycles for row in rows]),
        index=_index(systems),
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


def _assigned(data: _Data, values: Vector) -> dict[str, float]:
    """Return for each version 1 where its rows fit better without dead channels."""
    versions = [row.version for row in data.rows]
    whole, live = (
        data.linearised(values, dict.fromkeys(versions, share))[1]
        for share in (0.0, 1.0)
    )
    gains = dict.fromkeys(versions, 0.0)
    for version, gain in zip(versions, whole**2 - live**2, strict=True):
        gains[version] += float(gain)
    return {version: float(gain > 0) for version, gain in gains.items()}
