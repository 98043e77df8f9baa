"""A meter's clock against the machine's, from the pattern that the load shows.

The harness knows when the device worked. Power is a + b x the share of each reading's
window in which it did, for the one offset at which least is left over; how far the
offset may move before that rest grows by more than chance allows (the likelihood ratio,
chi-squared of one degree of freedom) is its error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

STEPS_MAX = 100_000
"""Offsets that are tried: about two hours at ten readings a second."""

READINGS_MIN = 26
"""Two for each step of the marker; fewer follow any pattern."""

EXPLAINED_MIN = 0.5
"""Share of the power's variance that the load must explain."""

DRIFT = 50e-6
"""How fast two crystals may part: over the load, half of it either way."""

_CHI2 = 9.0  # three standard deviations: what follows is used as a limit
_FINE = 400
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """What to add to a meter's times, by how much it may be wrong, and the fit."""

    offset_ns: int
    error_ns: int
    explained: float


def align(
    times_ns: Values,
    power_w: Values,
    busy_ns: Sequence[tuple[int, int]],
    window_ns: float,
    offsets_ns: tuple[float, float],
    known_ns: tuple[float, float],
) -> Alignment:
    """Find the offset of a meter's clock from a load that went on and off.

    Args:
        times_ns: when each reading ended, on the meter's clock; shape (n,), increasing.
        power_w: its mean power; shape (n,).
        busy_ns: when the device worked, on the machine's clock, in order.
        window_ns: how long before its time a reading looks back.
        offsets_ns: the least and the most that the offset may be.
        known_ns: from when to when, on the machine's clock, the device was either busy
            or idle.

    Raises:
        InputError: the readings are too few or too short, or the pattern is not found,
            or found twice.
    """
    load = _Load(np.array(busy_ns, dtype=np.float64), known_ns)
    low, high = offsets_ns
    if len(times_ns) < READINGS_MIN or low >= high:
        lasts_s, known_s = (
            (float(end) - float(begin)) / 1e9
            for begin, end in ((times_ns[0], times_ns[-1]), known_ns)
        )
        raise InputError(
            f"its {len(times_ns)} readings last {lasts_s:.1f} s, the load "
            f"{known_s:.1f} s: did the meter record the whole run?"
        )
    period = float(np.median(np.diff(times_ns)))
    most = len(times_ns) // READINGS_MIN
    together = max(1, min(most, int(load.shortest_ns / 8 / period)))
    step = period * together
    count = int((high - low) / step * 2) + 2
    if count > STEPS_MAX:
        raise InputError(
            f"{count} offsets of the meter's clock would have to be tried; cut its "
            "file to the time of the run, or give its clock"
        )
    coarse = np.linspace(low, high, count)
    whole = len(times_ns) // together * together
    rough = np.asarray(power_w[:whole].reshape(-1, together).mean(axis=1))
    ends = times_ns[:whole][together - 1 :: together]
    left = load.left_over(ends, rough, coarse, max(window_ns, step))
    best = float(coarse[np.argmin(left)])
    _check_found(coarse, left, best, load.longest_ns)
    fine = best + np.linspace(-2, 2, 2 * _FINE + 1) * step
    rest = load.left_over(times_ns, power_w, fine, window_ns)
    inside = fine[rest <= _limit(load, times_ns, power_w, fine, rest, window_ns)]
    middle = float(inside[0] + inside[-1]) / 2
    drift = DRIFT * float(load.stretches[-1, 1] - load.stretches[0, 0]) / 2
    return Alignment(
        offset_ns=round(middle),
        error_ns=round(float(inside[-1] - inside[0]) / 2 + step / _FINE + drift),
        explained=1 - float(left.min()),
    )


class _Load:
    """When the device worked, and how well that explains a meter's power."""

    def __init__(self, stretches: Values, known_ns: tuple[float, float]) -> None:
        self.stretches = stretches
        self._known_ns = known_ns
        lengths = stretches[:, 1] - stretches[:, 0]
        self.longest_ns, self.shortest_ns = float(lengths.max()), float(lengths.min())
        self._knots = stretches.ravel()
        ends = np.cumsum(lengths)
        self._spent = np.column_stack([ends - lengths, ends]).ravel()

    def share(self, moments_ns: Values, window_ns: float) -> Values:
        """Return the busy share of the window before each moment."""
        window_ns = max(window_ns, 1.0)
        until = np.interp(moments_ns, self._knots, self._spent)
        before = np.interp(moments_ns - window_ns, self._knots, self._spent)
        return np.asarray((until - before) / window_ns)

    def left_over(
        self, times_ns: Values, power_w: Values, offsets: Values, window_ns: float
    ) -> Values:
        """Return the share of the variance that the load leaves over at each offset.

        Only readings of the time of which the load is known count at all.
        """
        found = np.empty(len(offsets))
        rows = max(1, _CHUNK // len(times_ns))
        first, last = self._known_ns
        for begin in range(0, len(offsets), rows):
            part = slice(begin, begin + rows)
            moments = times_ns + offsets[part, None]
            inside = (moments - window_ns >= first) & (moments <= last)
            share = self.share(moments, window_ns)
            found[part] = _left_over(share, power_w, inside)
        return found


def _left_over(share: Values, power_w: Values, inside: NDArray[np.bool_]) -> Values:
    """Return 1 - r^2 of each row's straight line, a falling one explaining nothing."""
    count = np.maximum(inside.sum(axis=1), 1)
    x = np.where(inside, share, 0.0)
    y = np.where(inside, power_w, 0.0)
    x = np.where(inside, x - (x.sum(axis=1) / count)[:, None], 0.0)
    y = np.where(inside, y - (y.sum(axis=1) / count)[:, None], 0.0)
    products = np.sum(x * y, axis=1)
    squares = np.sum(x * x, axis=1) * np.sum(y * y, axis=1)
    r = np.divide(products, np.sqrt(squares), out=np.zeros_like(products),
                  where=squares > 0)  # fmt: skip
    # Where little of the record lies in the load, that little must not fit by chance.
    whole = inside.sum(axis=1) >= 0.5 * inside.sum(axis=1).max(initial=1)
    return np.asarray(1 - np.where(whole, np.clip(r, 0, None), 0.0) ** 2)


def _check_found(coarse: Values, left: Values, best: float, apart_ns: float) -> None:
    explained = 1 - float(left.min())
    if explained < EXPLAINED_MIN:
        raise InputError(
            f"the load explains {explained:.0%} of the power's variance at best, not "
            f"{EXPLAINED_MIN:.0%}: is it the right file, and did the meter record the "
            "whole run?"
        )
    others = left[np.abs(coarse - best) > apart_ns]
    if len(others) and 1 - float(others.min()) > 0.9 * explained:
        raise InputError(
            "the load's pattern is found twice in the meter's file; give its clock"
        )


def _limit(
    load: _Load,
    times_ns: Values,
    power_w: Values,
    fine: Values,
    rest: Values,
    window_ns: float,
) -> float:
    """Return how much may be left over at offsets that chance cannot tell apart.

    Residuals that follow one another count for fewer independent ones.
    """
    best = float(fine[np.argmin(rest)])
    share = load.share(times_ns + best, window_ns)
    slope, base = np.polyfit(share, power_w, 1)
    residuals = power_w - base - slope * share
    total = float(residuals @ residuals)
    lag = float(residuals[1:] @ residuals[:-1]) / total if total else 0.0
    count = max(len(times_ns) * (1 - max(lag, 0.0)) / (1 + max(lag, 0.0)), 4.0)
    return float(rest.min()) * (1 + _CHI2 / count) + 1e-12
