"""Current that published boards draw while they compute, and what it says of others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .rows import Row, board_key, spelled

OWN, OTHER = "own", "other"
"""The board's own rows, or those of other boards with the same core."""

PRIOR: Mapping[str, float] = {OWN: 0.1, OTHER: 0.45}
"""Taken before the rows speak.

The models of one board differ by a median 9 %. Boards of one core differ by regulator
and process: the same chip draws less than half with an external switching regulator.
"""

PSEUDO_COUNT = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerRow:
    """One model's mean power on one board: mW per MHz and per volt of its supply."""

    board: str
    core: str
    stack: str
    round: str
    benchmark: str
    clock_mhz: float
    supply_v: float
    mw_per_mhz_v: float


def power_rows(rows: Iterable[Row]) -> list[PowerRow]:
    """Return the rows that state both a power and the supply it was taken at."""
    return [
        PowerRow(
            board=row.board,
            core=row.core,
            stack=row.version,
            round=row.round,
            benchmark=row.benchmark,
            clock_mhz=row.clock_mhz,
            supply_v=row.supply_v,
            mw_per_mhz_v=round(row.power_mw / (row.clock_mhz * row.supply_v), 6),
        )
        for row in rows
        if row.power_mw is not None and row.supply_v is not None
    ]


def power_deviations(rows: Sequence[PowerRow]) -> dict[str, float]:
    """Return how far, in logarithms, rows lie from their board, and boards from all."""
    boards = by_board(rows)
    levels = [float(np.mean(logs)) for logs in boards.values()]
    inside = [log - float(np.mean(logs)) for logs in boards.values() for log in logs]
    outside = [level - float(np.mean(levels)) for level in levels]
    return {
        OWN: _pooled(inside, len(inside) - len(boards), PRIOR[OWN]),
        OTHER: _pooled(outside, len(levels) - 1, PRIOR[OTHER]),
    }


def by_board(rows: Iterable[PowerRow]) -> dict[str, list[float]]:
    """Return the logarithms of power per MHz and volt, by the board as it is spelled.

    A board with another regulator has another name, and counts as another.
    """
    found = defaultdict(list)
    for row in rows:
        found[spelled(row.board)].append(float(np.log(row.mw_per_mhz_v)))
    return dict(found)


def bearing(
    rows: Iterable[PowerRow], core: str, board: str | None
) -> tuple[str, list[PowerRow]]:
    """Return the rows that bear on a board: its own, or else its core's."""
    same = [row for row in rows if row.core == core]
    if board is not None:
        own = [row for row in same if spelled(row.board) == spelled(board)]
        if not own:
            own = [row for row in same if board_key(row.board) == board_key(board)]
        if own:
            return OWN, own
    return OTHER, same


def _pooled(values: Iterable[float], freedom: int, prior: float) -> float:
    squares = sum(float(value) ** 2 for value in values)
    total = squares + PSEUDO_COUNT * prior**2
    return float(np.sqrt(total / (max(freedom, 0) + PSEUDO_COUNT)))
