"""Coefficients of the projection: what the fit leaves, as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ...harness.errors import InputError, StoreError
from ...harness.plain import from_plain, parse_json, to_plain
from .form import Vector
from .power import PowerRow

SCHEMA = 1
SHIPPED = "coefficients.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The smallest and the largest of what was fitted."""

    low: float
    high: float

    def distance(self, value: float) -> float:
        """Return by how much, in natural logarithms, a value lies outside; 0 inside."""
        return float(max(np.log(self.low / value), np.log(value / self.high), 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """A fit of `form` to published rows.

    ``names`` are those of ``values`` and of the rows of ``covariance`` (its lower
    triangle). ``deviations`` are standard deviations of each kind of effect, ``noise``
    that of a row. ``scale`` stretches them so that bands hold boards that were left
    out with the probability ``coverage``. ``families`` maps each version of a stack to
    its family. ``live_shares`` tell for each stack, by family and by version, how
    probably it drops dead channels, ``live_share`` for an unknown one.
    ``clocks_mhz`` spans the clocks of each core's rows. ``model_deviation`` is what a
    model that was not fitted lies off by on a board and under a stack that were.
    """

    schema: int
    provenance: Mapping[str, Any]
    names: tuple[str, ...]
    values: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    deviations: Mapping[str, float]
    noise: float
    model_deviation: float
    scale: float
    coverage: float
    families: Mapping[str, str]
    live_shares: Mapping[str, float]
    live_share: float
    clocks_mhz: Mapping[str, Span]
    macs: Span
    power: tuple[PowerRow, ...]
    power_deviations: Mapping[str, float]
    rows: tuple[Mapping[str, Any], ...]

    @property
    def index(self) -> dict[str, int]:
        """Return the place of each parameter."""
        return {name: place for place, name in enumerate(self.names)}

    @property
    def vector(self) -> Vector:
        """Return the parameters."""
        return np.array(self.values)

    @property
    def matrix(self) -> Vector:
        """Return the parameters' covariance in full."""
        lower = np.zeros((len(self.names), len(self.names)))
        for place, row in enumerate(self.covariance):
            lower[place, : len(row)] = row
        return lower + np.tril(lower, -1).T


def read_coefficients(path: Path) -> Coefficients:
    """Return the coefficients of a file that `fit` wrote.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    try:
        return _parsed(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, StoreError) as exc:
        raise InputError(
            f"coefficients {str(path)!r}: {exc}; make the file with "
            "`python -m tierbench.targets.projection.fit TABLE.csv`"
        ) from exc


@cache
def shipped() -> Coefficients:
    """Return the coefficients that come with the package."""
    return _parsed(files(__package__).joinpath(SHIPPED).read_text("utf-8"))


def to_text(coefficients: Coefficients) -> str:
    """Return coefficients as the text of their file."""
    lines = [
        f" {json.dumps(key)}: {_listed(value)}"
        for key, value in to_plain(coefficients).items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _listed(value: Any) -> str:
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join(f"  {json.dumps(item)}" for item in value) + "\n ]"


def _parsed(text: str) -> Coefficients:
    found = from_plain(Coefficients, parse_json(text))
    if found.schema != SCHEMA:
        raise StoreError(f"schema {found.schema}; {SCHEMA} is valid")
    return found
