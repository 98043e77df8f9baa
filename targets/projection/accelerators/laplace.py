"""Fit a form to logarithms of seconds: the mode of a normal model, its covariance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

import numpy as np

from .band import Band, Vector, normal_band

FREEDOM = 5.0
PSEUDO_COUNT = 3.0
NOISE = 0.1
ROUNDS, STEPS = 6, 6
_DELTA = 1e-4


class Membered(Protocol):
    """What is asked for, with its member of each kind of effect."""

    @property
    def members(self) -> Mapping[str, str]:
        """Return the members by kind."""
        ...


Asked = TypeVar("Asked", bound=Membered)
Form: TypeAlias = Callable[[Mapping[str, float], Asked], float]
"""What makes a logarithm of seconds of parameters by name and of what is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Parameters at the mode, their covariance, and what varies.

    ``deviations`` are standard deviations of kinds of effects; an effect's name is its
    kind, a space and a member. ``noise`` is that of a row.
    """

    names: tuple[str, ...]
    values: Vector
    covariance: Vector
    deviations: Mapping[str, float]
    noise: float

    def parameters(self) -> dict[str, float]:
        """Return the values by name."""
        return dict(zip(self.names, self.values.tolist(), strict=True))


def predict(form: Form[Asked], fitted: Fitted, asked: Asked) -> Band:
    """Return a band; an effect that was not fitted adds its kind's variance to it."""
    slopes = _gradient(form, fitted, asked)
    variance = float(slopes @ fitted.covariance @ slopes) + fitted.noise**2
    for kind, member in asked.members.items():
        name = f"{kind} {member}"
        if name not in fitted.names:
            slope = _slope(form, fitted.parameters(), asked, name)
            variance += (slope * fitted.deviations[kind]) ** 2
    return normal_band(form(fitted.parameters(), asked), float(np.sqrt(variance)))


def _gradient(form: Form[Asked], fitted: Fitted, asked: Asked) -> Vector:
    told = fitted.parameters()
    return np.array([_slope(form, told, asked, name) for name in fitted.names])


def _slope(
    form: Form[Asked], told: Mapping[str, float], asked: Asked, name: str
) -> float:
    """Return how a form changes with a parameter, by a difference."""
    at = told.get(name, 0.0)
    above = form({**told, name: at + _DELTA}, asked)
    below = form({**told, name: at - _DELTA}, asked)
    return (above - below) / (2 * _DELTA)


def fit(
    form: Form[Asked],
    asked: Sequence[Asked],
    logs: Sequence[float],
    priors: Mapping[str, tuple[float, float]],
    deviations: Mapping[str, float],
) -> Fitted:
    """Return the mode by Gauss-Newton steps; deviations by expectation-maximisation.

    Args:
        form: the form.
        asked: what each row is of.
        logs: the logarithm of each row's seconds.
        priors: mean and standard deviation of each parameter.
        deviations: of each kind of effect (each has the mean 0) before rows speak,
            worth `PSEUDO_COUNT` effects.
    """
    members = sorted(
        {(kind, f"{kind} {one.members[kind]}") for kind in deviations for one in asked}
    )
    names = (*priors, *(name for _, name in members))
    means = np.array([mean for mean, _ in priors.values()] + [0.0] * len(members))
    found = Fitted(
        names=names,
        values=means,
        covariance=np.zeros((len(names), len(names))),
        deviations=dict(deviations),
        noise=NOISE,
    )
    for _ in range(ROUNDS):
        widths = [deviation for _, deviation in priors.values()]
        widths += [found.deviations[kind] for kind, _ in members]
        found = _mode(form, asked, np.array(logs), found, means, np.array(widths))
        found = _varied(found, members, deviations)
    return found


def _mode(
    form: Form[Asked],
    asked: Sequence[Asked],
    logs: Vector,
    found: Fitted,
    means: Vector,
    widths: Vector,
) -> Fitted:
    """Return the mode for given deviations, with rows weighted as under a t."""
    precision = np.diag(widths**-2.0)
    values, covariance, noise = found.values, found.covariance, found.noise
    for _ in range(STEPS):
        now = Fitted(
            names=found.names,
            values=values,
            covariance=covariance,
            deviations=found.deviations,
            noise=noise,
        )
        told = now.parameters()
        rest = logs - np.array([form(told, one) for one in asked])
        slopes = np.array([_gradient(form, now, one) for one in asked])
        weights = (FREEDOM + 1) / (FREEDOM + (rest / noise) ** 2)
        weighted = slopes * weights[:, None] / noise**2
        covariance = np.linalg.inv(slopes.T @ weighted + precision)
        values = values + covariance @ (
            weighted.T @ rest - precision @ (values - means)
        )
        noise = float(
            np.sqrt(
                ((weights * rest**2).sum() + PSEUDO_COUNT * NOISE**2)
                / (len(rest) + PSEUDO_COUNT)
            )
        )
    return Fitted(
        names=found.names,
        values=values,
        covariance=covariance,
        deviations=found.deviations,
        noise=noise,
    )


def _varied(
    found: Fitted,
    members: Sequence[tuple[str, str]],
    before: Mapping[str, float],
) -> Fitted:
    """Return the fit with deviations as its effects show them."""
    places = {name: place for place, name in enumerate(found.names)}
    deviations = {}
    for kind, prior in before.items():
        own = [places[name] for of, name in members if of == kind]
        squares = sum(found.values[p] ** 2 + found.covariance[p, p] for p in own)
        total = squares + PSEUDO_COUNT * prior**2
        deviations[kind] = float(np.sqrt(total / (len(own) + PSEUDO_COUNT)))
    return Fitted(
        names=found.names,
        values=found.values,
        covariance=found.covariance,
        deviations=deviations,
        noise=found.noise,
    )
