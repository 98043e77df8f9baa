"""Build many variants: on all processors, one after the other where they share work.

Variants of a model whose chains begin with the same step are built by one process, so
that none trains what another is training.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

from .chain import parse_chain
from .errors import (
    ChainError,
    InputError,
    Mistakes,
    NotFound,
    NotInstalled,
    TierbenchError,
)
from .model import BuiltVariant, ReferenceModel

_SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG in <sys/prctl.h>."""

_TELL_EVERY_S = 30.0


class Status(StrEnum):
    """How it went with a variant."""

    BUILT = "built"
    INAPPLICABLE = "inapplicable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A variant to be built, in one format."""

    model: str
    variant: str
    format: str

    def __str__(self) -> str:
        """Return its name for people."""
        return f"{self.model} {self.variant} {self.format}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of it; ``lines`` say why there is no file, ``built`` is one."""

    wanted: Wanted
    status: Status
    seconds: float
    built: BuiltVariant | None = None
    lines: tuple[str, ...] = ()
    exit_status: int = 0

    @property
    def reason(self) -> str | None:
        """Return in one line why there is no file."""
        return "; ".join(self.lines) or None


class Unbuilt(TierbenchError):
    """Nothing that was asked for could be built."""

    def __init__(self, outcome: Outcome) -> None:
        """Take over what the first of them failed with."""
        super().__init__("\n".join(outcome.lines))
        self._lines = outcome.lines
        self.exit_status = outcome.exit_status

    @property
    def lines(self) -> tuple[str, ...]:
        """Return what was said, one mistake a line."""
        return self._lines


class Telling(Protocol):
    """Who is told how the building gets on."""

    def ended(self, outcome: Outcome, done: int, total: int) -> None:
        """Tell that a variant is done with."""
        ...

    def under_way(self, begun: Mapping[Wanted, float], done: int, total: int) -> None:
        """Tell what is being built, and since how many seconds."""
        ...


def wanted(
    models: Mapping[str, ReferenceModel],
    variants: Sequence[str],
    formats: Sequence[str],
) -> list[Wanted]:
    """Return what is to be built; without names all that a model offers.

    Raises:
        Mistakes: all variants that a model does not have.
    """
    problems = list[str]()
    for model in models.values():
        for variant in variants:
            try:
                model.check(variant)
            except InputError as exc:
                problems += exc.lines
    if problems:
        raise Mistakes(list(dict.fromkeys(problems)))
    return [
        Wanted(model=name, variant=variant, format=format)
        for name, model in models.items()
        for variant in dict.fromkeys(variants or (*model.variants, *model.chains))
        for format in dict.fromkeys(formats or model.formats)
    ]


def build_all(
    models: Mapping[str, ReferenceModel],
    items: Sequence[Wanted],
    cache: Path,
    telling: Telling,
) -> list[Outcome]:
    """Build variants and return what became of each, in the order of ``items``.

    A failure does not stop the others.

    Raises:
        Unbuilt: there is not one file.
    """
    found: dict[Wanted, Outcome] = {}
    for outcome in _outcomes(models, groups(models, items), cache, telling):
        found[outcome.wanted] = outcome
        telling.ended(outcome, len(found), len(items))
    outcomes = [found[item] for item in items]
    if outcomes and not any(one.built for one in outcomes):
        raise Unbuilt(outcomes[0])
    return outcomes


def groups(
    models: Mapping[str, ReferenceModel], items: Sequence[Wanted]
) -> list[list[Wanted]]:
    """Return the variants by what they share, those with most training first."""
    found: dict[tuple[str, str], list[Wanted]] = {}
    for item in items:
        is_trained = item.variant not in models[item.model].variants
        first = _steps(item.variant)[0] if is_trained else ""
        found.setdefault((item.model, first), []).append(item)
    nth: dict[str, int] = {}
    ordered = []
    for (model, first), group in found.items():
        nth[model] = nth.get(model, 0) + 1
        # Models in turn: two trainings of one would both wait for its samples.
        ordered.append((-_trainings(group) if first else 0, nth[model], group))
    return [group for *_, group in sorted(ordered, key=lambda one: one[:2])]


def _trainings(group: Sequence[Wanted]) -> int:
    steps = [_steps(item.variant) for item in group]
    return len({tuple(one[: n + 1]) for one in steps for n in range(len(one))})


def _steps(variant: str) -> list[str]:
    try:
        return [str(step) for step in parse_chain(variant)]
    except ChainError:  # the model knows what it means
        return [variant]


@dataclass(eq=False, slots=True, kw_only=True)
class _Lane:
    """A process that builds one group, and what it said so far."""

    process: Any
    pipe: Connection
    left: list[Wanted]
    since: float = field(default_factory=time.monotonic)

    def next(self, outcome: Outcome) -> Outcome:
        self.left.pop(0)
        self.since = time.monotonic()
        return outcome

    def dead(self) -> Outcome:
        self.process.join()
        seconds = time.monotonic() - self.since
        code = self.process.exitcode
        return Outcome(
            wanted=self.left[0],
            status=Status.FAILED,
            seconds=seconds,
            lines=(f"the process that built it ended with status {code}",),
            exit_status=3,
        )


def _outcomes(
    models: Mapping[str, ReferenceModel],
    waiting: list[list[Wanted]],
    cache: Path,
    telling: Telling,
) -> Iterator[Outcome]:
    """Yield what becomes of every variant, as it becomes known."""
    total = sum(map(len, waiting))
    done = 0
    lanes: dict[Connection, _Lane] = {}
    try:
        while waiting or lanes:
            while waiting and len(lanes) < len(os.sched_getaffinity(0)):
                lane = _start(models, waiting.pop(0), cache)
                lanes[lane.pipe] = lane
            ready = wait(list(lanes), timeout=_TELL_EVERY_S)
            if not ready:
                now = time.monotonic()
                begun = {lane.left[0]: now - lane.since for lane in lanes.values()}
                telling.under_way(begun, done, total)
            for pipe in ready:
                assert isinstance(pipe, Connection)
                lane = lanes[pipe]
                try:
                    outcome = lane.next(pipe.recv())
                except EOFError:
                    del lanes[pipe]
                    if not lane.left:
                        continue
                    outcome = lane.dead()
                    if lane.left[1:]:
                        waiting.insert(0, lane.left[1:])
                done += 1
                yield outcome
    finally:
        for lane in lanes.values():
            lane.process.kill()
            lane.process.join()


def _start(
    models: Mapping[str, ReferenceModel], group: list[Wanted], cache: Path
) -> _Lane:
    here, there = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_build, args=(models, group, cache, there))
    process.start()
    there.close()
    return _Lane(process=process, pipe=here, left=list(group))


def _build(
    models: Mapping[str, ReferenceModel],
    group: Sequence[Wanted],
    cache: Path,
    pipe: Connection,
) -> None:
    """Build one variant after the other, in a process that dies with its parent."""
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    # The parent is interrupted as well, and kills.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for item in group:
        pipe.send(attempt(item, partial(models[item.model].build, cache=cache)))


def attempt(item: Wanted, build: Callable[[str, str], BuiltVariant]) -> Outcome:
    """Return what becomes of building a variant; raise nothing."""
    began = time.monotonic()
    built: BuiltVariant | None = None
    exc: TierbenchError | None = None
    try:
        built = build(item.variant, item.format)
    except TierbenchError as why:
        exc = why
    except Exception as why:  # a plug-in's model may raise anything
        told = f"{item}: {type(why).__name__}: {why}; the model's code is at fault"
        exc = InputError(told)
    status = Status.BUILT
    if exc:
        status = Status.INAPPLICABLE if _fits_not(exc) else Status.FAILED
    return Outcome(
        wanted=item,
        status=status,
        seconds=time.monotonic() - began,
        built=built,
        lines=exc.lines if exc else (),
        exit_status=exc.exit_status if exc else 0,
    )


def _fits_not(exc: TierbenchError) -> bool:
    return isinstance(exc, (NotFound, ChainError, NotInstalled))
