"""What the fit leaves of the published tables, as a JSON file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from ....harness.errors import StoreError
from ....harness.plain import from_plain, parse_json, to_plain
from .analogues import Analogues, Neighbour, analogues
from .laplace import Fitted

SCHEMA = 1
SHIPPED = "coefficients.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The smallest and the largest of what was fitted."""

    low: float
    high: float

    def holds(self, value: float, reach: float) -> bool:
        """Return whether a value lies inside, or at most ``reach`` times outside."""
        return self.low / reach <= value <= self.high * reach


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFit:
    """A fitted form: parameters, covariance, deviations, and the rows it rests on.

    ``rows`` hold ``device``, ``network``, ``scenario`` and the number of ``rows``.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    deviations: Mapping[str, float]
    noise: float
    macs: Span
    rows: tuple[Mapping[str, Any], ...]

    def fitted(self) -> Fitted:
        """Return what predictions are made of."""
        return Fitted(
            names=self.names,
            values=np.array(self.values),
            covariance=np.array(self.covariance),
            deviations=self.deviations,
            noise=self.noise,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HailoFit:
    """Neighbours, slopes by batch size and regime, and how far bands are stretched."""

    neighbours: tuple[Neighbour, ...]
    slopes: Mapping[str, tuple[tuple[float, ...], ...]]
    scale: float

    def analogues(self, batch: int) -> Analogues:
        """Return the neighbours for a batch size."""
        slopes = np.array(self.slopes[str(batch)])
        return analogues(self.neighbours, batch, slopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """All fits, with their provenance."""

    schema: int
    provenance: Mapping[str, Any]
    hailo: HailoFit
    coral: FormFit
    gpu: FormFit


@cache
def shipped() -> Coefficients:
    """Return the coefficients that come with the package."""
    return parsed(files(__package__).joinpath(SHIPPED).read_text("utf-8"))


def parsed(text: str) -> Coefficients:
    """Return the coefficients of a file's text.

    Raises:
        StoreError: it holds something else.
    """
    found = from_plain(Coefficients, parse_json(text))
    if found.schema != SCHEMA:
        raise StoreError(f"schema {found.schema}; {SCHEMA} is valid")
    return found


def to_text(coefficients: Coefficients) -> str:
    """Return coefficients as the text of their file, a row a line."""
    return json.dumps(to_plain(coefficients), indent=1) + "\n"
