"""The search itself: which network is tried next, and what came of each.

Trials lie in an SQLite file by optuna, values and distributions as JSON. A trial counts
once it is told there. What is tried next depends on the seed and on the trials that
count, on nothing that a process remembers, so that a trial that was interrupted is
simply tried again. This module needs optuna, of the extra ``train``.
"""

from __future__ import annotations

import fcntl
import json
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from ...harness.errors import InfrastructureError, InputError
from ...harness.statistics import Interval
from ...harness.values import canonical_json
from ..shape import Shape
from .latency import Latency, Refused
from .proxy import Trained
from .trial import Trial

FILE = "search.db"
_NAME = "search"
_ASKED, _FOUND, _REFUSED = "asked", "found", "refused"
_ATTEMPTS = 10
"""Proposals for one trial before chance is asked."""

_DIRECTIONS: Any = ("minimize", "minimize")

SAMPLERS: Mapping[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(seed=seed, multivariate=True),
    "nsga2": lambda seed: NSGAIISampler(seed=seed, population_size=10),
    "random": lambda seed: RandomSampler(seed=seed),
}
"""What proposes networks, by name; each is made anew for every trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search that was begun or taken up.

    ``train`` gives a network of a shape, ``measure`` its latency by name and file.
    """

    study: optuna.Study
    shape: type[Shape]
    choices: Mapping[str, tuple[int, ...]]
    sampler: str
    seed: int
    train: Callable[[Shape], Trained]
    measure: Callable[[str, Path], Latency]

    def go_on(
        self,
        trials: int,
        tell: Callable[[Trial], object] = lambda trial: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Try networks until so many trials count, those of earlier calls included.

        Args:
            trials: how many.
            tell: told of each trial when it counts.
            stopping: asked before each trial whether to leave early.
        """
        with _translated(), _quiet():
            for left in self.study.get_trials(states=(TrialState.RUNNING,)):
                self.study.tell(left.number, state=TrialState.FAIL)
        while (done := len(self.trials())) < trials and not stopping():
            self._try(done)
            tell(self.trials()[-1])

    def trials(self) -> list[Trial]:
        """Return the trials that count, in their order."""
        with _translated(), _quiet():
            told = self.study.get_trials(states=(TrialState.COMPLETE, TrialState.FAIL))
        counting = [one for one in told if _FOUND in one.user_attrs and _ended(one)]
        return [self._trial(number, one) for number, one in enumerate(counting)]

    def _try(self, done: int) -> None:
        """Try one network; whatever ends it early leaves it not counting."""
        with _translated(), _quiet():
            trial = self._proposed(done)
        shape = self.shape(**trial.params)
        trained = self.train(shape)
        found = asdict(trained)
        del found["path"]  # where it lies is no part of what it is
        try:
            latency = self.measure(shape.label, trained.path)
        except Refused as exc:
            with _translated(), _quiet():
                trial.set_user_attr(_REFUSED, str(exc))
                trial.set_user_attr(_FOUND, found)
                self.study.tell(trial, state=TrialState.FAIL)
            return
        found["latency"] = asdict(latency)
        with _translated(), _quiet():
            trial.set_user_attr(_FOUND, found)
            self.study.tell(trial, [1 - trained.accuracy, latency.ratio])

    def _proposed(self, done: int) -> optuna.Trial:
        """Return a trial of a network that none before it has tried.

        Of one network's several noisy latencies the best would stand on the front. A
        sampler that keeps proposing what is tried is given a network by chance.
        """
        tried = {trial.shape for trial in self.trials()}
        space = {k: CategoricalDistribution(v) for k, v in self.choices.items()}
        for attempt in range(_ATTEMPTS):
            self.study.sampler = SAMPLERS[self.sampler](self._number(done, attempt))
            trial = self.study.ask(space)
            if self.shape(**trial.params) not in tried:
                return trial
            self.study.tell(trial, state=TrialState.FAIL)
        every = (
            dict(zip(space, v, strict=True)) for v in product(*self.choices.values())
        )
        left = [params for params in every if self.shape(**params) not in tried]
        if not left:
            raise InputError(f"all {len(tried)} networks are tried; ask for no more")
        self.study.enqueue_trial(left[self._number(done, _ATTEMPTS) % len(left)])
        return self.study.ask(space)

    def _number(self, *which: int) -> int:
        """Return a random number that depends on the seed and on which it is."""
        return int(np.random.SeedSequence([self.seed, *which]).generate_state(1)[0])

    def _trial(self, number: int, told: FrozenTrial) -> Trial:
        found = dict(told.user_attrs[_FOUND])
        latency = found.pop("latency", None)
        if latency is not None:
            ends = latency.pop("interval")
            interval = None if ends is None else Interval(**ends)
            latency = Latency(**latency, interval=interval)
        return Trial(
            number=number,
            shape=self.shape(**told.params),
            latency=latency,
            refused=told.user_attrs.get(_REFUSED),
            **found,
        )


def _ended(told: FrozenTrial) -> bool:
    """Return whether a trial counts: it has its values, or it was refused."""
    return told.state is TrialState.COMPLETE or _REFUSED in told.user_attrs


@contextmanager
def open_study(folder: Path, asked: Mapping[str, Any]) -> Iterator[optuna.Study]:
    """Give the study that lies in a folder, begun if there is none, to one process.

    ``asked`` are the JSON values that make the search what it is.

    Raises:
        InputError: the folder holds another search, or cannot be used.
        InfrastructureError: another process has it.
    """
    with _alone(folder):
        with _translated(), _quiet():
            study = optuna.create_study(
                storage=f"sqlite:///{folder.absolute() / FILE}",
                study_name=_NAME,
                directions=_DIRECTIONS,
                load_if_exists=True,
            )
            before = study.user_attrs.get(_ASKED)
            if before is None:
                study.set_user_attr(_ASKED, dict(asked))
        if before is not None:
            _check_same(folder, before, asked)
        yield study


def _check_same(
    folder: Path, before: Mapping[str, Any], asked: Mapping[str, Any]
) -> None:
    """Refuse to go on with another search than the folder's."""
    other = list(_differences("", before, json.loads(canonical_json(asked))))
    if other:
        raise InputError(
            f"--out {str(folder)!r} holds another search: {'; '.join(other)}; name "
            "another folder, or ask for the same"
        )


def _differences(where: str, before: Any, now: Any) -> Iterator[str]:
    """Yield what differs between two JSON values, each with its place."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            name = f"{where}.{key}" if where else key
            yield from _differences(name, before.get(key), now.get(key))
    elif before != now:
        yield f"{where} was {json.dumps(before)} and is {json.dumps(now)}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep any other process from the folder's search."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / f"{FILE}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as exc:
        raise InputError(
            f"--out {str(folder)!r} cannot be used: {exc.strerror}; name another folder"
        ) from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as exc:
        raise InfrastructureError(
            f"the search in {str(folder)!r} is under way in another process; wait "
            "until that ends, or name another folder"
        ) from exc
    finally:
        os.close(descriptor)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what optuna's storage raises into an error of ours."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.OptunaError) as exc:
        why = str(exc.__cause__ or exc).splitlines()[0]
        raise InputError(
            f"the search's file {FILE!r} cannot be used: {why}; name another folder, "
            "or restore a copy of it"
        ) from exc


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep optuna's remarks from the terminal, which is ours."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
