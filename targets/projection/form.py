"""The form of the projection: log cycles as a sum of effects.

    log cycles = log(gemm + e^d depthwise + e^o outputs + e^f dense)
                 + level + c log(CoreMark/MHz / 3.42) + l log(lanes / 2)
                 + core + family + version + board

``d``, ``o`` and ``f`` are the prices of a depthwise product, of an output and of a
fully connected product, in products of a convolution. A stack family has offsets to
``o`` and ``f`` of its own. Every effect is drawn towards nought by how much its kind
varies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cores import Core
from .work import PARTS, Work, Works

Vector = NDArray[np.float64]

PRICES = PARTS[1:]
GROUPS = ("core", "family", "version", "board")
"""Kinds of effects that shift all cycles alike."""
PRICE_GROUPS = {"family outputs": "outputs", "family dense": "dense"}
"""Kinds of effects that shift the price of one part."""

FIXED = ("level", "coremark", "lanes", *(f"price {part}" for part in PRICES))
"""The names of the parameters that all systems share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What computes: a core, and what else is known of it by kind of effect.

    ``known`` maps each of `GROUPS` to a label, or None where it is not known.
    """

    core: Core
    known: Mapping[str, str | None]

    def effects(self) -> list[tuple[str, str | None, str | None]]:
        """Return each effect's kind, its label, and the part whose price it shifts."""
        family = self.known.get("family")
        shifts: list[tuple[str, str | None, str | None]] = [
            (kind, self.known.get(kind), None) for kind in GROUPS
        ]
        return shifts + [(kind, family, part) for kind, part in PRICE_GROUPS.items()]


def parameter(kind: str, label: str | None) -> str:
    """Return the name of an effect's parameter."""
    return f"{kind}: {label}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Log cycles, their gradient, and loadings of effects without a parameter."""

    log_cycles: float
    gradient: Vector
    unknown: Mapping[str, float]


def evaluate(
    work: Work, system: System, index: Mapping[str, int], values: Vector
) -> Evaluation:
    """Return the form's value; ``index`` tells where each parameter stands."""
    prices = dict.fromkeys(PARTS, 0.0)
    for name in PRICES:
        prices[name] = values[index[f"price {name}"]]
    effects = [
        (kind, index.get(parameter(kind, label)), part)
        for kind, label, part in system.effects()
    ]
    for _, place, part in effects:
        if part is not None and place is not None:
            prices[part] += values[place]
    costs = {one: float(getattr(work, one) * np.exp(prices[one])) for one in PARTS}
    total = sum(costs.values())
    traits = {
        "level": 1.0,
        "coremark": float(np.log(system.core.coremark_per_mhz / 3.42)),
        "lanes": float(np.log(system.core.lanes / 2)),
    }
    gradient = np.zeros(len(index))
    for name, loading in traits.items():
        gradient[index[name]] = loading
    log_cycles = float(np.log(total)) + float(gradient @ values)
    for name in PRICES:
        gradient[index[f"price {name}"]] = costs[name] / total
    unknown = {}
    for kind, place, part in effects:
        loading = 1.0 if part is None else costs[part] / total
        if place is None:
            unknown[kind] = loading
            continue
        gradient[place] = loading
        log_cycles += float(values[place]) if part is None else 0.0
    return Evaluation(log_cycles=log_cycles, gradient=gradient, unknown=unknown)


def blend(
    works: Works,
    live_share: float,
    system: System,
    index: Mapping[str, int],
    values: Vector,
) -> tuple[Evaluation, float]:
    """Return the value for a stack that drops dead channels with some probability.

    Returns:
        The mean of both cases in logarithms, and their difference.
    """
    whole = evaluate(works.all, system, index, values)
    live = evaluate(works.live, system, index, values)
    part = 1.0 - live_share
    return (
        Evaluation(
            log_cycles=part * whole.log_cycles + live_share * live.log_cycles,
            gradient=part * whole.gradient + live_share * live.gradient,
            unknown={
                kind: part * loading + live_share * live.unknown[kind]
                for kind, loading in whole.unknown.items()
            },
        ),
        whole.log_cycles - live.log_cycles,
    )
