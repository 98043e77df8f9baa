"""The search for the highest load that a case bears.

The loads that were tried are read from the blocks, so that an interrupted search goes
on where it was. Each load is offered in windows by several workers in turn; the search
halves the ground between a load that was met and one that was not.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .course import Course
from .demand import Demand, Frames, Poisson, Stages
from .load import OFFERED, Level, Rule, bracket, levels, rule_of
from .stretches import CALLS_MAX
from .values import Block, BlockKind, Phase
from .worker import Stretch

LIMITS_IN_WINDOW = 10
"""A window lasts so many times the limit: a queue must have the time to grow."""

PATIENCE = 2.0
"""An overloaded device is given so many times a window's length to serve it."""

FIRST_SHARE = 0.5
STEP_UP = 1.5
LOWEST_SHARE = 1 / 64
"""Rates tried: first and lowest as shares of one over the latency, and the growth
while none failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Course):
    """Windows under one load after the other until its limit is enclosed."""

    @property
    def limit_s(self) -> float:
        """Return the time measured after which the search is given up."""
        return self.profile.load_limit_s

    @property
    def rule(self) -> Rule:
        """Return when a load is met."""
        return rule_of(self.workload)

    def shortfall(self, blocks: Sequence[Block]) -> str | None:
        """Return between which loads the answer lies, None where that is settled."""
        found = levels(self.workload, blocks)
        if self._next(found, blocks) is None:
            return None
        best, beyond = bracket(found)
        low = "nothing" if best is None else f"{best.offered:g}"
        high = "no bound" if beyond is None else f"{beyond.offered:g}"
        return f"the highest {self._unit} was sought between {low} and {high}"

    def share_done(self, blocks: Sequence[Block]) -> float | None:
        """Return about which share of the loads that will be tried are settled.

        Each halves the ground that is left, at first as wide as what is sought.
        """
        found = levels(self.workload, blocks)
        if not found:
            return 0.0
        if self._next(found, blocks) is None:
            return 1.0
        settled = sum(level.met is not None for level in found)
        return min(0.95, settled / (2 + math.log2(1 / (2 * self.profile.half_width))))

    def _window(self, offered: float, blocks: Sequence[Block]) -> Stretch:
        rule, rate, together = self.rule, *self._arrivals(offered)
        share = math.ceil(rule.queries_min / rule.windows_min)
        least_s = max(self.profile.window_ns, LIMITS_IN_WINDOW * rule.limit_ns) / 1e9
        calls = min(max(share, math.ceil(least_s * rate * together)), CALLS_MAX)
        calls = together * math.ceil(calls / together)
        span_s = calls / (rate * together)
        allowed_s = PATIENCE * (span_s + rule.limit_ns / 1e9)
        return Stretch(
            kind=BlockKind.WINDOW,
            calls_min=1,
            calls_max=calls,
            duration_ns=int(allowed_s * 1e9),
            demand=self._demand(offered, len(blocks)),
        )

    @property
    @abstractmethod
    def _unit(self) -> str: ...

    @abstractmethod
    def _next(self, found: list[Level], blocks: Sequence[Block]) -> float | None: ...

    @abstractmethod
    def _arrivals(self, offered: float) -> tuple[float, int]: ...

    @abstractmethod
    def _demand(self, offered: float, index: int) -> Demand: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCourse(Search):
    """Poisson arrivals at a rate that is raised and lowered until it is enclosed."""

    @property
    def converges(self) -> bool:
        """Return False: the rate is enclosed, whatever the latency's interval."""
        return False

    def stretch(self, plain: Stretch, blocks: Sequence[Block]) -> Stretch:
        """Return a window at the next rate to try, or at the one that was found."""
        found = levels(self.workload, blocks)
        rate = self._next(found, blocks)
        if rate is None:
            best, beyond = bracket(found)
            settled = best or beyond
            rate = settled.offered if settled else self._first(blocks)
        return self._window(rate, blocks)

    @property
    def _unit(self) -> str:
        return "rate per second"

    def _next(self, found: list[Level], blocks: Sequence[Block]) -> float | None:
        best, beyond = bracket(found)
        open_ones = [level.offered for level in found if level.met is None]
        if open_ones and (beyond is None or min(open_ones) < beyond.offered):
            return min(open_ones)
        if beyond is None:
            return (
                self._first(blocks)
                if best is None
                else _rounded(best.offered * STEP_UP)
            )
        if best is None:
            lower = _rounded(beyond.offered / 2)
            lowest = self._first(blocks) / FIRST_SHARE * LOWEST_SHARE
            hopeless = beyond.slow > self.rule.allowed(
                max(beyond.queries, self.rule.queries_min)
            )
            return None if hopeless or lower < lowest else lower
        between = _rounded(math.sqrt(best.offered * beyond.offered))
        near = beyond.offered / best.offered - 1 <= 2 * self.profile.half_width
        return None if near or between in (best.offered, beyond.offered) else between

    def _first(self, blocks: Sequence[Block]) -> float:
        """Return the first rate: half of what one call after the other would reach."""
        warm = [
            float(np.median(latency))
            for block in blocks
            if block.phase is Phase.WARMUP
            and (latency := block.values("latency")) is not None
        ]
        return _rounded(FIRST_SHARE * 1e9 / float(np.median(warm)))

    def _arrivals(self, offered: float) -> tuple[float, int]:
        return offered, 1

    def _demand(self, offered: float, index: int) -> Demand:
        # Every window has arrivals of its own, and the same ones when it is repeated.
        return Poisson(rate_per_s=offered, seed=f"{self.workload.seed}/{index}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineCourse(Search):
    """Slices of frames in a row, and between them windows of many cameras' frames."""

    def stretch(self, plain: Stretch, blocks: Sequence[Block]) -> Stretch:
        """Return a slice timed by stage, or a window with the next number of cameras.

        They alternate until the cameras are settled.
        """
        slices = self._slices(blocks)
        windows = sum(OFFERED in block.context for block in blocks)
        found = levels(self.workload, blocks)
        if len(slices) <= windows or (load := self._next(found, blocks)) is None:
            return replace(plain, kind=BlockKind.SLICE, demand=Stages())
        return self._window(load, blocks)

    @property
    def _unit(self) -> str:
        return "number of cameras"

    def _slices(self, blocks: Sequence[Block]) -> list[Block]:
        measured = [block for block in blocks if block.phase is Phase.MEASURE]
        return [block for block in measured if OFFERED not in block.context]

    def _next(self, found: list[Level], blocks: Sequence[Block]) -> float | None:
        best, beyond = bracket(found)
        low = 0 if best is None else int(best.offered)
        high = 1 + (self.workload.streams_max or 0)
        if beyond is not None:
            high = int(beyond.offered)
        open_ones = [level.offered for level in found if level.met is None]
        if open_ones and min(open_ones) < high:
            return min(open_ones)
        if high - low <= 1:
            return None
        guess = self._guess(blocks)
        for near in (guess, guess + 1):
            if low < near < high:
                return near
        return (low + high) // 2

    def _guess(self, blocks: Sequence[Block]) -> int:
        """Return how many frames fit into a deadline, one after the other."""
        medians = [
            float(np.median(latency))
            for block in self._slices(blocks)
            if (latency := block.values("latency")) is not None
        ]
        if not medians:
            return 0
        period_ns = 1e9 / (self.workload.frame_rate_fps or 1.0)
        return int(min(period_ns, self.rule.limit_ns) / float(np.median(medians)))

    def _arrivals(self, offered: float) -> tuple[float, int]:
        return self.workload.frame_rate_fps or 1.0, int(offered)

    def _demand(self, offered: float, index: int) -> Demand:
        rate = self.workload.frame_rate_fps or 1.0
        return Frames(rate_per_s=rate, streams=int(offered))


def _rounded(rate: float) -> float:
    """Return a rate of four digits: it is shown, and told apart from others."""
    return float(f"{rate:.4g}")
