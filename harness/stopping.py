"""When a case has been measured enough."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .errors import InputError
from .statistics import Estimate

PASSES_NEEDED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """What a case must reach before its measuring may end.

    ``half_width`` is relative to the value (0.03 is 3 %). ``span_min_s`` is the time
    from the first slice's start to the last one's: drift slower than it stays unseen.
    """

    half_width: float
    slices_min: int
    workers_min: int
    span_min_s: float

    def __post_init__(self) -> None:
        """Refuse a rule that nothing or anything would meet.

        Raises:
            InputError: A limit is out of range.
        """
        if not 0 < self.half_width < 1:
            raise InputError(
                f"stop rule: half_width {self.half_width!r}; must lie between 0 and 1"
            )
        for name in ("slices_min", "workers_min", "span_min_s"):
            if getattr(self, name) < 0:
                raise InputError(
                    f"stop rule: {name} {getattr(self, name)!r}; must be 0 or more"
                )

    def shortfall(self, estimate: Estimate, workers: int, span_s: float) -> str | None:
        """Return the first thing that is still missing, or None for nothing."""
        if estimate.n < self.slices_min:
            return f"{estimate.n} of {self.slices_min} slices"
        if workers < self.workers_min:
            return f"{workers} of {self.workers_min} workers"
        if span_s < self.span_min_s:
            return f"{span_s:.1f} of {self.span_min_s:.1f} s"
        reached = estimate.relative_half_width
        if reached is None:
            return estimate.reason or "no interval"
        if reached > self.half_width:
            return f"interval of ±{reached:.1%}; the target is ±{self.half_width:.1%}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """How many looks in a row met the rule, one at each round's end, and must."""

    passes: int = 0
    needed: int = PASSES_NEEDED

    def after(self, narrow: bool) -> Streak:
        """Return the streak after one more look."""
        return replace(self, passes=self.passes + 1 if narrow else 0)

    @property
    def done(self) -> bool:
        """Return whether the case may stop."""
        return self.passes >= self.needed
