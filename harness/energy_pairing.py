"""Whether a candidate takes more energy than its baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .errors import NotComparable
from .meter import check_same_scope
from .pairing import CONFIDENCE, FLOOR, Verdict, compare_unpaired
from .power import Power, power_of
from .statistics import Interval
from .values import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyComparison:
    """Candidate over baseline, gross energy of one sample; above 1 takes more.

    ``verdict`` is ``more``, ``less``, ``same`` (no change was shown) or ``unknown``.
    """

    ratio: float | None
    interval: Interval | None
    verdict: str
    reason: str | None = None

    @property
    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        ends = self.interval and [self.interval.low, self.interval.high]
        return {
            "ratio": self.ratio,
            "interval": ends,
            "verdict": self.verdict,
            "reason": self.reason,
        }

    @property
    def sentence(self) -> str:
        """Return it in a few words."""
        if self.ratio is None:
            return f"energy unknown: {self.reason}"
        ends = ""
        if self.interval is not None:
            ends = f" ({self.interval.low:.3f} - {self.interval.high:.3f})"
        return f"energy {self.verdict}: {self.ratio:.3f}{ends}"


_WORDS = {Verdict.SLOWER: "more", Verdict.FASTER: "less", Verdict.SAME: "same"}


def compare_energy(
    baseline: Power,
    candidate: Power,
    floor: float = FLOOR,
    confidence: float = CONFIDENCE,
) -> EnergyComparison:
    """Compare two gross energies by their intervals.

    The same meter errs alike on both, so the interval is too wide rather than too
    narrow.

    Raises:
        NotComparable: the scopes differ.
    """
    check_same_scope(baseline.scope, candidate.scope)
    for name, side in (("baseline", baseline), ("candidate", candidate)):
        interval = side.gross.interval
        if interval is not None and interval.low <= 0:
            ends = f"{interval.low * 1e3:.3g} to {interval.high * 1e3:.3g} mJ"
            return _unknown(
                f"the energy of the {name} is not known to be above 0: {ends}"
            )
    found = compare_unpaired(baseline.gross, candidate.gross, 0.0, floor, confidence)
    return EnergyComparison(
        ratio=found.ratio,
        interval=found.interval,
        verdict=_WORDS.get(found.verdict, "unknown"),
        reason=found.reason,
    )


def energy_between(before: Result, after: Result) -> EnergyComparison | None:
    """Return how two results' energies compare, None where neither has any.

    Of several meters the first pair of one scope counts.
    """
    one = power_of(before.blocks, before.case.workload.batch)
    other = power_of(after.blocks, after.case.workload.batch)
    if not one.found and not other.found:
        return None
    if not one.found or not other.found:
        side, lacking = ("baseline", one) if not one.found else ("candidate", other)
        return _unknown(f"{side} has no energy: {'; '.join(lacking.reasons)}")
    pairs = [(a, b) for a in one.found for b in other.found if a.scope == b.scope]
    try:
        return compare_energy(*(pairs or [(one.found[0], other.found[0])])[0])
    except NotComparable as exc:
        return _unknown(str(exc))


def _unknown(reason: str) -> EnergyComparison:
    return EnergyComparison(ratio=None, interval=None, verdict="unknown", reason=reason)
