"""Power and energy of a case, from what its energy phase has kept."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .energy import (
    REPEATS_MIN,
    UPDATES_MIN,
    Budget,
    Energy,
    energy_of,
    scatter_j,
    together,
    updates_in,
)
from .errors import InputError
from .meter import Recording, Scope, Specification
from .readings import curve_of, update_ns
from .statistics import Estimate, Interval
from .values import Block, Evidence, Phase, Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

METERING = "metering"
"""The key of a block's context that tells of the meters."""

NO_METER = "no power meter was used"
OLD = "it was measured before uncertainties were kept; measure the case again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What one channel of a meter, or a total of several, told of a case.

    ``gross`` is the energy of one sample in J with what the device draws idle, ``net``
    without. ``uncertainty_j`` are the standard uncertainties of ``gross`` by source.
    """

    meter: str
    scope: str
    mean_w: float
    idle_w: float | None
    gross: Estimate
    net: Estimate
    evidence: Evidence
    channel: str | None = None
    updates: int | None = None
    update_ns: float | None = None
    uncertainty_j: Mapping[str, float] = field(default_factory=dict)
    channels: tuple[Mapping[str, Any], ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the meter says of how its power came about."""
        found = (str(channel.get("note") or "") for channel in self.channels)
        return tuple(dict.fromkeys(note for note in found if note))


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerFindings:
    """What all meters of a case told; ``reasons`` say what each of the others lacks."""

    found: tuple[Power, ...] = ()
    reasons: tuple[str, ...] = ()


def power_of(blocks: Sequence[Block], batch: int) -> PowerFindings:
    """Return the power and the energy of one sample that a case's blocks tell of."""
    phases = [block for block in blocks if METERING in block.context]
    if not phases:
        return _old(blocks, batch)
    phase = phases[-1]
    told = phase.context[METERING]
    reasons = [f"{name}: {reason}" for name, reason in told["missing"].items()]
    busy = [block for block in blocks if block.index in set(told["blocks"])]
    found = []
    for group in _groups(phase, told):
        try:
            found.append(_Case(group, busy, told["idle"], batch).power())
        except InputError as exc:
            reasons.append(str(exc))
    return PowerFindings(found=tuple(found), reasons=tuple(reasons))


Channel = tuple[Recording, Mapping[str, Any]]


def _groups(phase: Block, told: Mapping[str, Any]) -> list[list[Channel]]:
    """Return the channels of each meter that belong together: totals, or single."""
    groups: dict[tuple[str, str | int, int], list[Channel]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    pairs = zip(told["channels"], phase.series, strict=True)
    for place, (plain, series) in enumerate(pairs):
        names = [name for name in Specification.__slots__ if name in plain]
        values = {name: plain[name] for name in names}
        specification = Specification(**{**values, "scope": Scope(plain["scope"])})
        recording = Recording(
            specification=specification,
            series=series,
            clock_error_ns=plain["clock_error_ns"],
            late_ns=plain["late_ns"],
        )
        # A channel that comes again is that of the same kind of meter, used twice.
        channel = specification.meter, specification.channel
        key = specification.meter, specification.adds_to or place, seen[channel]
        seen[channel] += 1
        groups.setdefault(key, []).append((recording, plain))
    return list(groups.values())


class _Case:
    """One meter's channels over one case's energy phase."""

    def __init__(
        self,
        channels: Sequence[Channel],
        busy: Sequence[Block],
        idle: Sequence[Sequence[int]],
        batch: int,
    ) -> None:
        self._channels = channels
        self._curves = [curve_of(recording) for recording, _ in channels]
        # Where the device marked its work on a pin, the meter saw when.
        seen = [(b.offset_ns, b.offset_ns + b.elapsed_ns) for b in busy]
        windows = channels[0][1].get("windows", seen)
        self._busy = [(float(begin), float(end)) for begin, end in windows]
        self._idle = [(float(begin), float(end)) for begin, end in idle]
        self._samples = np.array([block.calls * batch for block in busy])

    def power(self) -> Power:
        """Return the energies with their intervals.

        Raises:
            InputError: the readings do not support an energy.
        """
        specification = self._channels[0][0].specification
        name = specification.adds_to or specification.channel
        updates = min(updates_in(curve, self._busy) for curve in self._curves)
        if updates < UPDATES_MIN:
            raise InputError(
                f"meter {specification.meter!r}, {name!r}: {updates} of its readings "
                f"fell into the window; an energy needs {UPDATES_MIN}"
            )
        busy = self._energy(self._busy)
        scatter = self._scatter(0.0)
        budget = _scattered(busy.budget, scatter)
        idle_w, net_j, net_budget = self._net(busy, budget)
        samples = int(self._samples.sum())
        share = budget.scaled(1 / samples)
        recording = self._channels[0][0]
        return Power(
            meter=specification.meter,
            channel=name,
            scope=str(specification.scope),
            mean_w=busy.mean_w,
            idle_w=idle_w,
            gross=self._estimate(busy.energy_j / samples, share, scatter),
            net=self._estimate(
                net_j / samples, net_budget.scaled(1 / samples), scatter
            ),
            evidence=recording.series.evidence,
            updates=updates,
            update_ns=update_ns(recording) or float(np.median(self._curves[0].gaps_ns)),
            uncertainty_j={
                name: getattr(share, name)
                for name in ("gain", "offset", "rate", "clock", "scatter")
            },
            channels=tuple(plain for _, plain in self._channels),
        )

    def _energy(self, stretches: Sequence[tuple[float, float]]) -> Energy:
        parts = [
            energy_of(curve, stretches, one.specification, one.clock_error_ns)
            for curve, (one, _) in zip(self._curves, self._channels, strict=True)
        ]
        return together(parts) if len(parts) > 1 else parts[0]

    def _scatter(self, idle_w: float) -> tuple[float, float] | None:
        """Return how the stretches' energies above an idle power scatter."""
        begins, ends = np.array(self._busy).T
        energies = sum(curve.energy_j(begins, ends) for curve in self._curves)
        above = np.asarray(energies) - idle_w * (ends - begins) * 1e-9
        return scatter_j(above, self._samples)

    def _net(self, busy: Energy, budget: Budget) -> tuple[float, float, Budget]:
        """Return the idle power, the energy above it, and that energy's budget.

        The meter's gain errs alike on both, and its offset cancels. Between the two
        baselines the idle power may have been anywhere from one to the other.
        """
        idle = self._energy(self._idle)
        before, after = (self._energy([one]).mean_w for one in self._idle)
        times = busy.duration_s / idle.duration_s
        moved = abs(after - before) / math.sqrt(12) * busy.duration_s
        above = Budget(
            gain=abs(budget.gain - times * idle.budget.gain),
            rate=math.hypot(budget.rate, times * idle.budget.rate),
            clock=math.hypot(budget.clock, times * idle.budget.clock),
            baseline=moved,
        )
        return (
            idle.mean_w,
            busy.energy_j - times * idle.energy_j,
            _scattered(above, self._scatter(idle.mean_w)),
        )

    def _estimate(
        self, value: float, budget: Budget, scatter: tuple[float, float] | None
    ) -> Estimate:
        n = len(self._busy)
        if scatter is None:
            reason = f"{n} busy stretches; an interval needs {REPEATS_MIN}"
            return Estimate(value=value, interval=None, n=n, reason=reason)
        half = budget.expanded_j()
        interval = Interval(low=value - half, high=value + half)
        return Estimate(value=value, interval=interval, n=n)


def _scattered(budget: Budget, scatter: tuple[float, float] | None) -> Budget:
    if scatter is None:
        return budget
    return replace(budget, scatter=scatter[0], freedom=scatter[1])


def _old(blocks: Sequence[Block], batch: int) -> PowerFindings:
    """Return the gross energy of a window kept before there was an energy phase."""
    for block in blocks:
        if block.phase is not Phase.ENERGY:
            continue
        power = _series(block, "power")
        if power is None or not len(power.values):
            continue
        mean_w = float(np.mean(power.values))
        energy_j = mean_w * block.elapsed_ns / 1e9 / (block.calls * batch)
        found = Power(
            meter=str(block.context["meter"]),
            scope=str(block.context["scope"]),
            mean_w=mean_w,
            idle_w=None,
            gross=Estimate(value=energy_j, interval=None, n=1, reason=OLD),
            net=Estimate(value=None, interval=None, n=0, reason=OLD),
            evidence=power.evidence,
        )
        return PowerFindings(found=(found,))
    return PowerFindings(reasons=(NO_METER,))


def _series(block: Block, quantity: str) -> Series | None:
    return next((s for s in block.series if s.quantity == quantity), None)
