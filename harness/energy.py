"""Energy from a meter's readings, with the uncertainty that they leave.

Uncertainties combine as in the GUM (JCGM 100:2008): each source is a standard
uncertainty, squares add, and the interval is the combined one times Student's factor at
the effective degrees of freedom (Welch-Satterthwaite, annex G.4). docs/power.md gives
each formula and its evidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from .errors import InputError
from .meter import Specification
from .readings import Curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

Stretch = tuple[float, float]
"""Begin and end in ns, on the curve's clock."""

UPDATES_MIN = 100
"""Renewed readings that an energy needs."""

REPEATS_MIN = 4
"""Stretches from which their scatter can be judged."""

_SHIFTS = np.linspace(-1, 1, 21)
"""Where a clock may stand within its limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Standard uncertainties of an energy, in J, by where they come from.

    ``gain`` and ``offset`` are the meter's accuracy; ``rate`` is what it did not see:
    between readings, at the ends, below its resolution; ``clock`` its clock against the
    machine's; ``scatter`` how repeats differ, known from ``freedom`` differences;
    ``baseline`` how the idle power moved.
    """

    gain: float = 0.0
    offset: float = 0.0
    rate: float = 0.0
    clock: float = 0.0
    scatter: float = 0.0
    baseline: float = 0.0
    freedom: float = math.inf

    @property
    def standard_j(self) -> float:
        """Return the combined standard uncertainty.

        What the meter did not see shows in the scatter too: the larger one counts.
        """
        chance = max(self.rate, self.scatter)
        parts = (self.gain, self.offset, self.clock, self.baseline, chance)
        return math.hypot(*parts)

    def expanded_j(self, confidence: float = 0.95) -> float:
        """Return half the width of the interval that holds the truth so often."""
        standard = self.standard_j
        if not standard:
            return 0.0
        freedom = math.inf
        if self.scatter > self.rate:
            freedom = self.freedom * (standard / self.scatter) ** 4
        return student((1 + confidence) / 2, freedom) * standard

    def scaled(self, factor: float) -> Budget:
        """Return the budget of a multiple of the energy."""
        return Budget(
            gain=self.gain * factor,
            offset=self.offset * factor,
            rate=self.rate * factor,
            clock=self.clock * factor,
            scatter=self.scatter * factor,
            baseline=self.baseline * factor,
            freedom=self.freedom,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """The energy of some stretches of time together, their length and its budget."""

    energy_j: float
    duration_s: float
    budget: Budget

    @property
    def mean_w(self) -> float:
        """Return the mean power."""
        return self.energy_j / self.duration_s


_TURNS = 1.12
"""Found by simulation; docs/power.md gives the coverage."""

_BESIDE = 1.6
"""A step half seen by a reading beside a gap: (1 + 1.6 / 2) / 12 for one dropped."""


def energy_of(
    curve: Curve,
    stretches: Sequence[Stretch],
    specification: Specification,
    clock_error_ns: float = 0.0,
) -> Energy:
    """Return the energy of stretches of time as one meter saw them.

    Args:
        curve: what the meter told.
        stretches: begin and end of each, in ns.
        specification: the meter's accuracy.
        clock_error_ns: by how much the curve's clock may be wrong, at most.

    Raises:
        InputError: a stretch lies outside the readings.
    """
    begins, ends = np.array(stretches, dtype=np.float64).T
    _check_span(curve, float(begins.min()), float(ends.max()), specification)
    total = float(curve.energy_j(begins, ends).sum())
    duration_s = float((ends - begins).sum()) * 1e-9
    shifts = clock_error_ns * _SHIFTS[:, None]
    shifted = curve.energy_j(begins + shifts, ends + shifts).sum(axis=1)
    return Energy(
        energy_j=total,
        duration_s=duration_s,
        budget=Budget(
            gain=specification.gain * abs(total) / math.sqrt(3),
            offset=specification.offset_w * duration_s / math.sqrt(3),
            rate=_rate_j(curve, begins, ends, specification.quantum_j),
            clock=float(np.abs(shifted - total).max()) / math.sqrt(3),
        ),
    )


def together(parts: Sequence[Energy]) -> Energy:
    """Return the energy of several channels over the same stretches.

    Their accuracies may err alike, so these add; what each did not see is its own.
    """
    budgets = [part.budget for part in parts]
    return Energy(
        energy_j=sum(part.energy_j for part in parts),
        duration_s=parts[0].duration_s,
        budget=Budget(
            gain=sum(b.gain for b in budgets),
            offset=sum(b.offset for b in budgets),
            clock=sum(b.clock for b in budgets),
            rate=math.hypot(*(b.rate for b in budgets)),
        ),
    )


def scatter_j(
    energies_j: Values, samples: NDArray[np.int64]
) -> tuple[float, float] | None:
    """Return the standard uncertainty of repeats' sum, and its degrees of freedom.

    Each repeat's energy is held against its share by samples. Second differences judge
    the noise, so that a drift is not taken for it (as in von Neumann 1941 the first);
    their squares add up to 6 (n - 2) variances, and vary, for normal noise, as one of
    36 (n - 2)^2 / (70 n - 176) degrees of freedom. They miss what workers differ by
    where these come in turns, hence 1.12 times. None for fewer than REPEATS_MIN.
    """
    n = len(energies_j)
    if n < REPEATS_MIN:
        return None
    share = energies_j.sum() * samples / samples.sum()
    bends = np.diff(energies_j - share, 2)
    variance = float(bends @ bends) / (6 * (n - 2))
    return _TURNS * math.sqrt(n * variance), 36 * (n - 2) ** 2 / (70 * n - 176)


def updates_in(curve: Curve, stretches: Sequence[Stretch]) -> int:
    """Return how many renewed readings fall into stretches of time."""
    times = curve.times_ns
    return sum(int(np.count_nonzero((times > a) & (times <= b))) for a, b in stretches)


def student(probability: float, freedom: float) -> float:
    """Return the quantile of Student's distribution, from three degrees on.

    By the expansion in powers of 1 / freedom (Abramowitz and Stegun 26.7.5).
    """
    z = NormalDist().inv_cdf(probability)
    if math.isinf(freedom):
        return z
    v = max(freedom, 3.0)
    return z + (
        (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z)
        / (92160 * v**4)
    )


def _check_span(
    curve: Curve, begin: float, end: float, specification: Specification
) -> None:
    first, last = curve.span_ns
    slack = max(2.0 * specification.update_ns, 2.0 * float(np.median(curve.gaps_ns)))
    if first - slack > begin or last + slack < end:
        raise InputError(
            f"meter {specification.meter!r}: its readings last from "
            f"{(first - begin) / 1e9:+.3f} s after the window's beginning to "
            f"{(last - end) / 1e9:+.3f} s after its end; they must hold all of it"
        )


def _rate_j(curve: Curve, begins: Values, ends: Values, quantum_j: float) -> float:
    """Return the standard uncertainty of what the readings cannot tell."""
    variance = _unseen_variance(curve, begins, ends)
    variance += _end_variance(curve, begins, ends)
    if curve.counted:
        variance += 2 * len(begins) * quantum_j**2 / 12
    return math.sqrt(variance)


def _unseen_variance(curve: Curve, begins: Values, ends: Values) -> float:
    """Return the variance by what lies between readings, in J^2.

    A step of power falls anywhere in an unseen stretch of length L: +-L / 2 of its
    height, variance L^2 step^2 / 12, and 1.5 times that since the steps of a load that
    repeats do not fall independently; more where a reading beside it saw part of the
    step. Noise that readings do not resolve, of variance v, in a share q of the gap T:
    q (1 - q / 6) T^2 v, for white noise exactly what the steps have not counted; v is
    what successive steps cancel of one another. A reading up to h late moves each step
    by h / sqrt(12) around the mean. A sensor that looks all the time has neither.
    """
    times, gaps, unseen = curve.times_ns, curve.gaps_ns * 1e-9, curve.unseen
    steps = np.diff(curve.power_w)
    inside = sum(
        np.clip(np.minimum(times[1:], end) - np.maximum(times[:-1], begin), 0, None)
        for begin, end in zip(begins, ends, strict=True)
    )
    weight = inside / curve.gaps_ns
    pairs = np.minimum(weight[1:], weight[:-1])
    cancelled = -float(np.sum(pairs * steps[1:] * steps[:-1]))
    noise = max(0.0, cancelled / max(float(pairs.sum()), 1.0))
    beside = 1 + _BESIDE * (1 - unseen)
    hidden = (unseen * gaps * steps) ** 2 / 8 * beside
    hidden += unseen * (1 - unseen / 6) * gaps**2 * noise
    if not curve.counted:
        hidden += (curve.late_ns * 1e-9 * steps) ** 2 / 12
    return float(np.sum(weight * hidden))


def _end_variance(curve: Curve, begins: Values, ends: Values) -> float:
    """Return the variance by the ends of the stretches, in J^2.

    A reading that straddles an end mixes what lies on both sides: the mean error is
    T step / 6 towards the outside, which adds up over ends; around it the variance is
    T^2 step^2 / 180 if it looks all the time, / 45 if it is a point; the larger is
    taken. A counter's stamp up to h late moves an end by h / sqrt(12) around the mean.
    """
    gaps = curve.gaps_ns * 1e-9
    moments = np.concatenate([begins, ends])
    place = np.searchsorted(curve.times_ns, moments) - 1
    place = np.clip(place, 0, len(gaps) - 1)
    after = np.minimum(place + 2, len(gaps))
    outside = np.repeat([-1.0, 1.0], len(begins))
    across = outside * (curve.power_w[after] - curve.power_w[place]) * gaps[place]
    variance = float(np.sum(across)) ** 2 / 36 + float(np.sum(across**2)) / 45
    if curve.counted:
        levels = float(np.sum(curve.power_w[place] ** 2))
        variance += levels * (curve.late_ns * 1e-9) ** 2 / 12
    return variance
