"""What a person asked of the kit: a target with its options, and models to try it with.

Everything that is wrong is told at once, before anything runs.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from .. import registry
from ..cache import cache_folder
from ..errors import InputError, Mistakes, TierbenchError
from ..formats import SUFFIXES
from ..model import ReferenceModel
from ..option import Option
from ..target import Target
from ..values import Setting
from .report import proof_of
from .subject import case_of

MODELS = ("defect", "bearing")
"""The reference models that a target is tried with where no other is named."""

VARIANTS = ("fp32", "int8")

_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One target, and how it is to be tried."""

    target: type[Target]
    settings: Mapping[str, Setting]
    python: str | None
    models: tuple[Path, ...]
    """Those that were named; none for the reference models."""
    reset: tuple[str, ...]

    def configured(self) -> Target:
        """Return the target with its options."""
        return self.target(self.settings, self.python)


def request(
    targets: Sequence[str],
    options: Sequence[str],
    models: Sequence[str],
    python: str | None,
    reset: str | None,
) -> Request:
    """Return what was asked for.

    Args:
        targets: what ``--tier-target`` named: one.
        options: texts ``NAME=VALUE``.
        models: paths; none for the reference models.
        python: the interpreter that has the target's runtime.
        reset: the command that resets the device, as a shell would be given it.

    Raises:
        InputError: something of it is wrong; all is told at once.
        InfrastructureError: the plug-in that offers the target fails when imported.
    """
    if len(targets) != 1:
        raise InputError(
            f"--tier-conformance tries one target, not {len(targets)}; name it with "
            "--tier-target NAME"
        )
    target: type[Target] = registry.find(registry.TARGETS, targets[0])
    problems: list[str] = []
    if proof_of(target.evidence) is None:
        problems.append(
            f"target {targets[0]!r} runs nothing, its results are {target.evidence}: "
            "there is nothing to try"
        )
    settings = _settings(target, options, problems)
    paths = _given_models(models, problems)
    command = _command(reset, problems)
    if problems:
        raise Mistakes(problems)
    return Request(
        target=target, settings=settings, python=python, models=paths, reset=command
    )


def _settings(
    target: type[Target], options: Sequence[str], problems: list[str]
) -> dict[str, Setting]:
    known = {option.name: option for option in target.options}
    found: dict[str, Setting] = {}
    for text in options:
        name, is_given, value = text.partition("=")
        if not is_given or name not in known:
            valid = ", ".join(known) or "it has none"
            problems.append(
                f"--tier-option {text!r}: valid is NAME=VALUE with an option of "
                f"{target.name}: {valid}"
            )
            continue
        found[name] = read = _setting(known[name], value)
        if problem := known[name].problem(read):
            problems.append(f"--tier-option {name}: {problem}")
    return found


def _setting(option: Option, text: str) -> Any:
    """Return a text as the option's kind, or the text itself where it is none."""
    if option.kind is bool:
        return _BOOLEANS.get(text.lower(), text)
    try:
        return option.kind(text)
    except ValueError:
        return text


def _given_models(models: Sequence[str], problems: list[str]) -> tuple[Path, ...]:
    for text in models:
        if not Path(text).is_file():
            problems.append(f"--tier-model {text!r}: there is no such file")
        elif Path(text).suffix.lower() not in SUFFIXES:
            problems.append(
                f"--tier-model {text!r}: suffix {Path(text).suffix!r}; valid: "
                f"{', '.join(SUFFIXES)}"
            )
    return tuple(Path(text).absolute() for text in models)


def own_models(target: Target) -> tuple[Path, ...]:
    """Return the reference models, fp32 and int8, that a target takes, the first first.

    Raises:
        InputError: it takes none.
    """
    found, why = [], "no reference model is installed"
    for name, variant in product(MODELS, VARIANTS):
        for format in target.formats:
            try:
                model: ReferenceModel = registry.find(registry.MODELS, name)
                path = model.build(variant, format, cache_folder("variants")).path
                case = case_of(target, path)
                refused = target.check(case.variant, case.workload)
            except TierbenchError as exc:
                refused = str(exc)
            if refused is None:
                found.append(path)
                break
            why = refused
    if not found:
        raise InputError(
            f"no model to try {target.name} with ({why}); name one: --tier-model FILE"
        )
    return tuple(found)


def _command(reset: str | None, problems: list[str]) -> tuple[str, ...]:
    try:
        command = tuple(shlex.split(reset or ""))
    except ValueError as exc:
        problems.append(f"--tier-reset {reset!r}: {exc}; quote it as a shell wants it")
        return ()
    if reset is not None and not command:
        problems.append("--tier-reset: the command is empty; leave the option out")
    return command
