"""What a meter told, as a curve of power over time that can be integrated.

A reading is the mean power over the stretch of time that it covers. What lies between
two such stretches, because the sensor does not look or a reading was dropped, is
bridged by a straight line and counts as unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .errors import InputError
from .meter import Recording, Specification

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

SNAP = 1.25
"""A reading that comes this many periods after the last one missed none between."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Power over time; arrays have one item for each reading, shape (n,).

    ``times_ns`` are when each reading ended, on the machine's monotonic clock;
    ``seen_ns`` how long before that it covers, and ``power_w`` its mean power.
    ``late_ns`` is by how much times may be late, less the mean that was taken off;
    ``counted`` tells that the powers are a counter's differences.
    """

    times_ns: Values
    seen_ns: Values
    power_w: Values
    late_ns: float = 0.0
    counted: bool = False

    @property
    def gaps_ns(self) -> Values:
        """Return the time from each reading to the next, shape (n - 1,)."""
        return np.diff(self.times_ns)

    @property
    def unseen(self) -> Values:
        """Return which share of each gap no reading covers, shape (n - 1,)."""
        return np.clip(1 - self.seen_ns[1:] / self.gaps_ns, 0.0, 1.0)

    @property
    def span_ns(self) -> tuple[float, float]:
        """Return from when to when the readings reach."""
        return float(self.times_ns[0] - self.seen_ns[0]), float(self.times_ns[-1])

    def energy_j(self, begin_ns: Values | float, end_ns: Values | float) -> Values:
        """Return the energy between moments, with the ends' power beyond the span."""
        knots, power, until = self._pieces()
        return np.asarray(
            _until(knots, power, until, end_ns) - _until(knots, power, until, begin_ns)
        )

    def _pieces(self) -> tuple[Values, Values, Values]:
        """Return knots (m,), the powers at both ends of each piece, the energy so far.

        Each reading gives two pieces: the bridge from the reading before, which may
        have no length, and the stretch that it covers.
        """
        begins = self.times_ns - self.seen_ns
        begins[1:] = np.maximum(begins[1:], self.times_ns[:-1])
        knots = np.column_stack([begins, self.times_ns]).ravel()
        before = np.concatenate([self.power_w[:1], self.power_w[:-1]])
        ends = np.stack([self.power_w, self.power_w], axis=1)
        bridges = np.stack([before, self.power_w], axis=1)
        pieces = np.stack([ends[:-1], bridges[1:]], axis=1).reshape(-1, 2)
        power = np.concatenate([pieces, ends[-1:]])
        areas = np.diff(knots) * power.mean(axis=1) * 1e-9
        return knots, power, np.concatenate([[0.0], np.cumsum(areas)])


def _until(
    knots: Values, power: Values, until: Values, moment_ns: Values | float
) -> Values:
    """Return the energy from the first knot to each moment."""
    moments = np.asarray(moment_ns, dtype=np.float64)
    piece = np.clip(np.searchsorted(knots, moments, "right") - 1, 0, len(power) - 1)
    spent = moments - knots[piece]
    length = np.diff(knots)[piece]
    inside = np.clip(spent, 0.0, length)
    first, last = power[piece, 0], power[piece, 1]
    share = np.divide(inside, length, out=np.zeros_like(spent), where=length > 0)
    within = inside * (first + (last - first) * share / 2)
    outside = np.where(spent < 0, first, last) * (spent - inside)
    return np.asarray(until[piece] + (within + outside) * 1e-9)


def curve_of(recording: Recording) -> Curve:
    """Return a recording as a curve on the machine's monotonic clock.

    Readings of NaN are dropped. A counter that went back has wrapped, once, if its
    range is known; else it was reset, and what lies between is unseen.

    Raises:
        InputError: fewer than two readings, or times that do not increase.
    """
    specification, series = recording.specification, recording.series
    if series.times is None:
        raise InputError(f"{_name(specification)}: its readings have no times")
    times = np.asarray(series.times, np.float64) + recording.clock_offset_ns
    values = np.asarray(series.values, np.float64)
    known = np.isfinite(values)
    times, values = times[known], values[known]
    if len(times) < 2 or np.any(np.diff(times) <= 0):
        raise InputError(
            f"{_name(specification)}: {len(times)} readings; needs two or more, with "
            "times that increase"
        )
    renewed = np.zeros(len(times), dtype=np.bool_)
    if float(np.median(np.diff(times))) < 0.75 * specification.update_ns:
        times, values, renewed = _renewed(times, values, specification.update_ns)
    if len(times) < 2:
        raise InputError(
            f"{_name(specification)}: its reading never changed; is it stuck?"
        )
    times = times - recording.late_ns / 2
    if series.quantity == "energy":
        return _counted(times, values, specification, recording.late_ns)
    window_ns = specification.sampled_fraction * specification.update_ns
    gaps = np.diff(times, prepend=times[0] - window_ns)
    seen = np.where((gaps <= SNAP * window_ns) | renewed, gaps, window_ns)
    return Curve(
        times_ns=times, seen_ns=seen, power_w=values, late_ns=recording.late_ns
    )


def update_ns(recording: Recording) -> float | None:
    """Return the update period that a recording shows: the median time to a change.

    None where it is polled too seldom to tell.
    """
    times, values = recording.series.times, recording.series.values
    if times is None or len(times) < 3:
        return None
    changed = np.flatnonzero(np.diff(values) != 0) + 1
    if len(changed) < 3:
        return None
    found = float(np.median(np.diff(np.asarray(times, np.float64)[changed])))
    polled = float(np.median(np.diff(np.asarray(times, np.float64))))
    return found if found > 1.5 * polled else None


def _renewed(
    times: Values, values: Values, update_ns: int
) -> tuple[Values, Values, NDArray[np.bool_]]:
    """Return when readings were renewed, their values, and which stood unchanged.

    A reading is new when it changes. One that stands for longer than a period was
    renewed without change, up to a period before it does change: polls tell that.
    """
    changed = np.flatnonzero(np.diff(values) != 0) + 1
    ends = np.append(changed, len(times) - 1)
    found: list[tuple[float, float, bool]] = []
    for now, later in zip(changed, ends[1:], strict=True):
        found.append((times[now], values[now], False))
        last = later == len(times) - 1 and values[later] == values[now]
        stood = times[later] if last else times[later] - update_ns
        stood = stood if last else min(stood, times[later - 1])
        if stood - times[now] > (SNAP - 1) * update_ns:
            found.append((stood, values[now], True))
    table = np.array(found, dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2] > 0


def _counted(
    times: Values, values: Values, specification: Specification, late_ns: float
) -> Curve:
    """Return a counter's differences as mean powers."""
    gained, gaps = np.diff(values), np.diff(times)
    if specification.range_j is not None:
        gained = np.where(gained < 0, gained + specification.range_j, gained)
    good = gained >= 0
    if not good.any():
        raise InputError(f"{_name(specification)}: its counter only went back")
    return Curve(
        times_ns=times[1:][good],
        seen_ns=gaps[good],
        power_w=gained[good] / gaps[good] * 1e9,
        late_ns=late_ns,
        counted=True,
    )


def _name(specification: Specification) -> str:
    return f"meter {specification.meter!r}, channel {specification.channel!r}"
