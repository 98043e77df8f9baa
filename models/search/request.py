"""What is asked of a search, checked before any time is spent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, TypeVar

from ...harness import registry
from ...harness.errors import InfrastructureError, InputError, TargetUnavailable
from ...harness.target import Target
from .subject import Subject, find_subject

_T = TypeVar("_T")

FORMATS = ("onnx", "tflite")
"""What networks are written as, the first that a target takes."""

SAMPLERS = ("tpe", "nsga2", "random")
TRIALS_MAX = 1_000
SEED_MAX = 2**32 - 1
_EXTRA = {
    "onnx": ("onnxruntime", "optuna", "torch"),
    "tflite": ("ai_edge_litert", "litert_torch", "optuna", "torch"),
}
"""Modules that a search needs, by the format of its networks."""


class Mistakes(InputError):
    """All that is wrong with a request."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Keep every line."""
        self._lines = tuple(problems)
        super().__init__("\n".join(problems))

    @property
    def lines(self) -> tuple[str, ...]:
        """Return one line a mistake."""
        return self._lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A search that can be made."""

    subject: Subject
    target: Target
    trials: int
    seed: int
    sampler: str

    @property
    def format(self) -> str:
        """Return the format that networks are written in for the target."""
        return next(name for name in FORMATS if name in self.target.formats)

    @property
    def plain(self) -> dict[str, Any]:
        """Return what makes the search what it is, its length apart."""
        return {
            **self.subject.plain,
            "target": self.target.name,
            "format": self.format,
            "options": dict(self.target.settings),
            "seed": self.seed,
            "sampler": self.sampler,
        }


def request(
    model: str, target: str, *, trials: int, seed: int, sampler: str
) -> Request:
    """Return the request, if all of it can be done here.

    Raises:
        Mistakes: everything that is wrong with it.
        InfrastructureError: a package is missing, or the target cannot run here.
    """
    problems: list[str] = []
    subject = _noted(problems, lambda: find_subject(model))
    found = _noted(problems, lambda: _target(target))
    most = TRIALS_MAX if subject is None else min(TRIALS_MAX, subject.size)
    if not 1 <= trials <= most:
        problems.append(f"--trials {trials}: must be 1 to {most}")
    if not 0 <= seed <= SEED_MAX:
        problems.append(f"--seed {seed}: must be 0 to {SEED_MAX}")
    if sampler not in SAMPLERS:
        listed = ", ".join(SAMPLERS)
        problems.append(f"--sampler {sampler!r}: must be one of {listed}")
    if problems or subject is None or found is None:
        raise Mistakes(problems)
    asked = Request(
        subject=subject, target=found, trials=trials, seed=seed, sampler=sampler
    )
    _check_installed(asked.format)
    missing = found.unavailable()
    if missing:
        raise TargetUnavailable(target, missing.reason, missing.remedy)
    return asked


def _target(name: str) -> Target:
    kind: type[Target] = registry.find(registry.TARGETS, name)
    if not set(FORMATS) & set(kind.formats):
        raise InputError(
            f"target {name!r} runs {' or '.join(kind.formats)} files, and a search "
            f"makes {' or '.join(FORMATS)}; name another of `tierbench targets`"
        )
    return kind()


def _noted(problems: list[str], find: Callable[[], _T]) -> _T | None:
    """Return what is found; note what is wrong, so that one mistake hides no other."""
    try:
        return find()
    except InputError as exc:
        problems.extend(exc.lines)
        return None


def _check_installed(format: str) -> None:
    absent = [name for name in _EXTRA[format] if find_spec(name) is None]
    if absent:
        raise InfrastructureError(
            f"a search needs {', '.join(absent)}, which is not installed; "
            "pip install 'tierbench[host,train]' installs all it needs"
        )
