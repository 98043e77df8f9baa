"""How far off the projection is on boards that it has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...harness.errors import InputError
from .coefficients import SCHEMA, Coefficients, Span
from .hierarchy import Fitted, fit
from .power import power_deviations, power_rows
from .prediction import Asked, Prediction, predict
from .rows import WORKS, Row, board_key, groups

COVERAGE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A row, and what was projected for it from other boards alone.

    ``log_error`` is the logarithm of measured over projected cycles, ``predicted`` was
    found without the row's board. ``has_core`` says whether another board had its core.
    """

    row: Row
    log_error: float
    predicted: Prediction
    has_core: bool

    @property
    def relative_error(self) -> float:
        """Return |projected / measured - 1|."""
        return abs(float(np.exp(-self.log_error)) - 1)

    @property
    def is_covered(self) -> bool:
        """Return whether the measured cycles lie in the band."""
        return abs(self.log_error) <= self.predicted.half_width

    @property
    def high_over_low(self) -> float:
        """Return the band's width as a ratio."""
        return float(np.exp(2 * self.predicted.half_width))


def coefficients_of(
    rows: Sequence[Row],
    scale: float = 1.0,
    *,
    model_deviation: float = 0.0,
    provenance: Mapping[str, object] | None = None,
    live: Mapping[str, bool] | None = None,
) -> Coefficients:
    """Return the coefficients of a fit to rows, with bands stretched by ``scale``.

    ``live`` tells which versions drop dead channels; None to infer it.
    """
    fitted = fit(rows, live)
    families = {row.version: row.family for row in rows}
    live_shares = _live_shares(fitted, families)
    power = power_rows(rows)
    sizes = [WORKS[row.benchmark].all.macs for row in rows]
    return Coefficients(
        schema=SCHEMA,
        provenance=provenance or {},
        names=tuple(fitted.index),
        values=_rounded(fitted.values.tolist()),
        covariance=tuple(
            _rounded(row[: place + 1])
            for place, row in enumerate(fitted.covariance.tolist())
        ),
        deviations=fitted.deviations,
        noise=fitted.noise,
        model_deviation=model_deviation,
        scale=scale,
        coverage=COVERAGE,
        families=dict(sorted(families.items())),
        live_shares=live_shares,
        live_share=float(np.mean(list(fitted.live.values()))),
        clocks_mhz={
            core: _span([row.clock_mhz for row in rows if row.core == core])
            for core in sorted({row.core for row in rows})
        },
        macs=_span(sizes),
        power=tuple(power),
        power_deviations=power_deviations(power),
        rows=tuple(groups(rows)),
    )


BOARDS_MIN = 3
"""Boards without which there is nothing to leave out of what others say."""


def check_boards(rows: Sequence[Row]) -> None:
    """Refuse rows of too few boards.

    Raises:
        InputError: they are of fewer than `BOARDS_MIN`.
    """
    boards = {board_key(row.board) for row in rows}
    if len(boards) < BOARDS_MIN:
        raise InputError(
            f"{len(rows)} rows of {len(boards)} boards can be used; rows of three "
            "boards or more are needed"
        )


def leave_boards_out(rows: Sequence[Row], *, tells_stack: bool = True) -> list[LeftOut]:
    """Return each row as projected from the other boards.

    The scale of its bands comes from leaving boards out among those others.
    ``tells_stack`` is whether the row's stack family may be known, or the core alone.
    """
    found = []
    for board in sorted({board_key(row.board) for row in rows}):
        others = [row for row in rows if board_key(row.board) != board]
        left = [row for row in rows if board_key(row.board) == board]
        scale = calibrated_scale(others)
        found += _projected(left, others, scale, tells_stack)
    return found


def calibrated_scale(rows: Sequence[Row]) -> float:
    """Return by how much bands must be stretched to hold boards that were left out.

    It is the quantile `COVERAGE` of |error| / deviation over the rows of boards that
    were left out, in which every board weighs the same however many rows it has.
    """
    boards = [board_key(row.board) for row in rows]
    sizes = Counter(boards)
    found = []
    for board in sorted(sizes):
        others = [row for row in rows if board_key(row.board) != board]
        left = [row for row in rows if board_key(row.board) == board]
        found += [
            (abs(one.log_error) / one.predicted.deviation, 1 / sizes[board])
            for one in _projected(left, others, 1.0, True)
        ]
    found.sort()
    reached = np.cumsum([weight for _, weight in found]) / len(sizes)
    return float(found[int(np.searchsorted(reached, COVERAGE))][0])


def model_deviation(rows: Sequence[Row]) -> float:
    """Return what a model that is not in the fit lies off by beyond what the fit says.

    Each model is left out in turn and projected on the boards and versions of the
    others. Of the mean square of its errors that is taken off which the fit to all
    models states; of what is left the median over models counts, since the one fully
    connected model says little of convolutions and they little of it.
    """
    whole = coefficients_of(rows)
    live = fit(rows).live
    excess = []
    for model in sorted({row.benchmark for row in rows}):
        rest = coefficients_of([r for r in rows if r.benchmark != model], live=live)
        unforeseen = []
        for row in (row for row in rows if row.benchmark == model):
            asked = Asked(
                core=row.core,
                clock_mhz=row.clock_mhz,
                stack=row.version,
                board=row.board,
            )
            error = np.log(row.cycles) - predict(rest, WORKS[model], asked).log_cycles
            stated = predict(whole, WORKS[model], asked).deviation
            unforeseen.append(error**2 - stated**2)
        excess.append(max(float(np.mean(unforeseen)), 0.0))
    return float(np.sqrt(np.median(excess)))


def _projected(
    left: Sequence[Row], others: Sequence[Row], scale: float, tells_stack: bool
) -> list[LeftOut]:
    coefficients = coefficients_of(others, scale)
    cores = {row.core for row in others}
    found = []
    for row in left:
        stack = row.family if tells_stack else None
        asked = Asked(core=row.core, clock_mhz=row.clock_mhz, stack=stack)
        predicted = predict(coefficients, WORKS[row.benchmark], asked)
        found.append(
            LeftOut(
                row=row,
                log_error=float(np.log(row.cycles)) - predicted.log_cycles,
                predicted=predicted,
                has_core=row.core in cores,
            )
        )
    return found


def _live_shares(fitted: Fitted, families: Mapping[str, str]) -> dict[str, float]:
    """Return the share by version, and by family over its versions."""
    shares = {version: float(live) for version, live in fitted.live.items()}
    for family in set(families.values()):
        own = [shares[version] for version, one in families.items() if one == family]
        shares[family] = float(np.mean(own))
    return dict(sorted(shares.items()))


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    """Return values with the digits that a file keeps."""
    return tuple(float(f"{value:.8g}") for value in values)


def _span(values: Sequence[float]) -> Span:
    return Span(low=float(min(values)), high=float(max(values)))
