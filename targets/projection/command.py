"""``tierbench project``: project a model's latency and energy, with a band."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ...harness.figure import Figure
    from ...harness.model import ReferenceModel
    from ...harness.values import ModelProfile, Setting
    from .projector import Projector


@click.command()
@click.argument("model", required=False)
@click.option(
    "--profile",
    "numbers",
    metavar="FILE.json",
    help="Instead of MODEL: its parameters, macs and what else is known.",
)
@click.option("--variant", help="Of a reference model; int8 where left out.")
@click.option("--target", required=True, help="What to project for, as cortex-m.")
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is known of the hardware and its software; repeat.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def project(
    model: str | None,
    numbers: str | None,
    variant: str | None,
    target: str,
    pairs: tuple[str, ...],
    as_json: bool,
) -> None:
    """Project latency, energy or throughput of a model, without any hardware.

    MODEL is the path of a .tflite or .onnx file, or the name of a reference model.
    """
    from ...harness import registry
    from ...harness.errors import InputError, Mistakes
    from .projector import GROUP

    problems: list[str] = []
    profile = projector = None
    try:
        profile = _profile(model, numbers, variant)
    except InputError as exc:
        problems += exc.lines
    settings: dict[str, Setting] = {}
    try:
        projector = registry.find(GROUP, target)
        settings, wrong = read_settings(projector, pairs)
        problems += wrong
    except InputError as exc:
        problems += exc.lines
    if problems or projector is None or profile is None:
        raise Mistakes(problems)
    figures = projector.figures(profile, settings)
    told = {"model": model or numbers, "target": target, "settings": settings}
    if as_json:
        click.echo(json.dumps({**told, **figure_keys(figures)}, indent=2))
    else:
        _print_table(figures)


def _profile(
    model: str | None, numbers: str | None, variant: str | None
) -> ModelProfile:
    """Return the profile of a model's file, or the one that its numbers are.

    Raises:
        InputError: there is no such file or model, or what it holds is wrong.
    """
    from ...harness.cache import cache_folder
    from ...harness.errors import InputError
    from ...harness.formats import inspect_model
    from .profile_file import read_numbers

    if (model is None) == (numbers is None):
        raise InputError("give either MODEL or --profile FILE.json")
    if model is not None:
        return inspect_model(_path(model, variant), cache_folder("profiles"))
    if variant is not None:
        raise InputError(f"--variant {variant!r} with --profile; leave it out")
    return read_numbers(Path(str(numbers)))


def _path(model: str, variant: str | None) -> Path:
    """Return the file that is meant, built where it is a reference model's.

    Raises:
        InputError: there is no such model or variant.
    """
    from ...harness import registry
    from ...harness.cache import cache_folder
    from ...harness.errors import InputError

    if model not in registry.names(registry.MODELS):
        if variant is not None:
            raise InputError(
                f"--variant {variant!r} with the file {model!r}, which is what it is; "
                "leave it out"
            )
        return Path(model)
    known: ReferenceModel = registry.find(registry.MODELS, model)
    return known.build(variant or "int8", "tflite", cache_folder("variants")).path


def read_settings(
    projector: Projector, pairs: Iterable[str]
) -> tuple[dict[str, Setting], list[str]]:
    """Return what ``NAME=VALUE`` pairs set of a projector, and all that is wrong."""
    options = {option.name: option for option in projector.options}
    settings: dict[str, Setting] = {}
    refused: set[str] = set()
    problems = []
    for pair in pairs:
        name, equals, text = pair.partition("=")
        option = options.get(name)
        if not equals or option is None:
            valid = ", ".join(f"{one}=..." for one in options)
            problems.append(f"--set {pair!r} is not known; valid: {valid}")
            refused.add(name)
            continue
        value = _value(option.kind, text)
        problem = option.problem(value) or (None if text else "must not be empty")
        if name in settings:
            problem = "stands twice; leave one out"
        if problem:
            problems.append(f"--set {name}: {problem}")
            refused.add(name)
        else:
            settings[name] = value
    return settings, problems + projector.problems(settings, refused)


def _value(kind: type, text: str) -> Setting:
    if kind is str:
        return text
    try:
        return float(text)
    except ValueError:
        return text  # refused by the option, which says what is valid


def figure_keys(figures: Iterable[Figure]) -> dict[str, Any]:
    """Return figures as JSON keys: a band with what it rests on, or null and why."""
    from ...harness.figure_rows import KEYS, numbers
    from ...harness.row_values import unknown

    keys: dict[str, Any] = {}
    for figure in figures:
        key, factor = KEYS[figure.quantity]
        if figure.reason is not None:
            keys |= unknown(key, figure.reason)
            continue
        keys[key] = {**numbers(figure, factor), "evidence": str(figure.evidence)}
        keys[key] |= figure.basis
    return keys


def _print_table(figures: Iterable[Figure]) -> None:
    from ...harness.figure_rows import KEYS, numbers
    from ...harness.tables import print_table
    from ...harness.terminal import printable

    rows, words = [], []
    for figure in figures:
        key, factor = KEYS[figure.quantity]
        if figure.reason is not None:
            words.append(f"{key} is not known: {figure.reason}")
            continue
        band = numbers(figure, factor)
        ends = [f"{band[name]:.4g}" for name in ("low", "mid", "high")]
        share = f"{100 * (figure.coverage or 0):.0f} %"
        rows.append([key, *ends, share, str(figure.evidence), _count(figure.basis)])
        words += [f"{key}: {note}" for note in figure.basis["notes"]]
    if rows:
        columns = ("quantity", "low", "mid", "high", "holds", "evidence", "rests on")
        print_table(columns, rows)
    for line in words:
        click.echo(printable(line))


def _count(basis: Mapping[str, Any]) -> str:
    from .rows import spelled

    groups = basis["rests_on"]
    boards = {g["device"] if "device" in g else spelled(g["board"]) for g in groups}
    rows = sum(group["rows"] for group in groups)
    return f"{rows} rows of {', '.join(sorted(boards))}"
