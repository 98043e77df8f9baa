"""``tierbench models list``, ``build`` and ``show``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import json_option
from .rebuilt import rebuild

if TYPE_CHECKING:
    from ..model import BuiltVariant, ReferenceModel
    from ..recipe import Calibration, Recipe
    from ..values import TensorSpec

FILES = ".onnx, .tflite or .hef file"


@click.group("models")
def command() -> None:
    """List reference models and recipes, build variants, show what is known of them."""


command.add_command(rebuild)


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the reference models, and how variants are made of any model."""
    from .. import registry
    from ..terminal import printable

    broken: list[dict[str, str]] = []
    models = list(_rows(registry.MODELS, _model_row, broken))
    recipes = list(_rows(registry.RECIPES, _recipe_row, broken))
    techniques = list(_rows(registry.TECHNIQUES, _technique_row, broken))
    if as_json:
        _print_json(
            {
                "models": models,
                "recipes": recipes,
                "techniques": techniques,
                "broken": broken,
            }
        )
        return
    _print_rows(models)
    click.echo()
    _print_rows(recipes)
    click.echo()
    _print_rows(techniques)
    for row in broken:
        click.echo(printable(f"{row['name']}: {row['problem']}"), err=True)


def _rows(
    group: str, row: Callable[[Any], dict[str, Any]], broken: list[dict[str, str]]
) -> Iterator[dict[str, Any]]:
    """Yield the row of each plug-in; note what is wrong with one that is broken."""
    from .. import registry
    from ..errors import TierbenchError

    for name in registry.names(group):
        try:
            yield row(registry.find(group, name))
        except TierbenchError as exc:
            broken.append({"name": name, "problem": str(exc)})
        except Exception as exc:  # a plug-in may raise anything
            told = f"{type(exc).__name__}: {exc}; reinstall the package that offers it"
            broken.append({"name": name, "problem": told})


def _model_row(model: ReferenceModel) -> dict[str, Any]:
    from ..cache import cache_folder
    from ..formats import inspect_model

    built = model.build(model.variants[0], model.formats[0], cache_folder("variants"))
    return {
        "name": model.name,
        "task": model.task,
        "formats": list(model.formats),
        "parameters": inspect_model(built.path, cache_folder("profiles")).parameters,
        "variants": list(model.variants),
        "chains": list(model.chains),
    }


def _recipe_row(recipe: Recipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "formats": list(recipe.formats),
        "calibrated": [name for name in recipe.formats if recipe.calibrated(name)],
        "summary": recipe.summary,
    }


def _technique_row(technique: Any) -> dict[str, Any]:
    return {
        "name": technique.name,
        "value": technique.takes,
        "summary": technique.summary,
    }


@command.command("build")
@click.argument("model", required=False)
@click.option("--variant", "variants", multiple=True, help="Only this one; repeat.")
@click.option("--format", "formats", multiple=True, help="Only this one; repeat.")
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Samples that show a file's quantiser the ranges of values.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder to copy the files to, with the lineage of each.",
)
@json_option
def build(
    model: str | None,
    variants: tuple[str, ...],
    formats: tuple[str, ...],
    calibration: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Build variants of a model and print where they lie.

    MODEL is the name of a reference model, or the path of an fp32 .onnx or .tflite
    file, of which --variant then names recipes, or my_net.py:model, what own_model
    returned in a Python file, which is run. Without one all variants of all reference
    models are built, trained ones too.
    """
    from ..errors import InputError
    from ..own_file import is_place
    from .built import built_row, make_folder

    if out is not None:
        make_folder(out)
    path = None if model is None or is_place(model) else _file(model)
    if path is not None:
        made = _of_file(path, variants, formats, calibration)
        _print_built([built_row(name, built, out) for name, built in made], as_json)
        return 0
    if calibration is not None:
        raise InputError(
            f"--calibration {str(calibration)!r} for "
            + (f"the reference model {model!r}" if model else "reference models")
            + ", which brings its own samples; leave it out"
        )
    return _of_references(model, variants, formats, out, as_json)


def _of_references(
    name: str | None,
    variants: tuple[str, ...],
    formats: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> int:
    """Build what was asked for, all reference models where none is named.

    Returns:
        The exit status: 1 where something failed, or was named and does not apply.
    """
    from .. import registry
    from ..building import Status, build_all, wanted
    from ..cache import cache_folder
    from ..own_file import is_place, load_model
    from .built import Lines, outcome_row

    if name is not None and is_place(name):
        own = load_model(name)
        # What is wrong with it is told once, and before any training.
        own.build(own.variants[0], own.formats[0], cache_folder("variants"))
        models = {own.name: own}
    else:
        names = registry.names(registry.MODELS) if name is None else [name]
        models = {one: registry.find(registry.MODELS, one) for one in names}
    asked = wanted(models, variants, formats)
    outcomes = build_all(models, asked, cache_folder("variants"), Lines())
    rows = [outcome_row(outcome, out) for outcome in outcomes]
    _print_built(rows, as_json)
    has_failed = any(outcome.status is Status.FAILED for outcome in outcomes)
    there = {outcome.wanted.variant for outcome in outcomes if outcome.built}
    return 1 if has_failed or not there.issuperset(variants) else 0


def _print_built(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print where files lie, and below them which do not exist and why."""
    if as_json:
        _print_json(rows)
        return
    shown = ("model", "variant", "format", "size_bytes", "sha256", "path")
    _print_rows([{key: row[key] for key in shown} for row in rows if "path" in row])
    if missing := [row for row in rows if "path" not in row]:
        click.echo()
        _print_rows(missing)


def _of_file(
    path: Path,
    variants: tuple[str, ...],
    formats: tuple[str, ...],
    calibration: Path | None,
) -> Iterator[tuple[str, BuiltVariant]]:
    """Yield what recipes make of a file: those named, or all for its format."""
    from ..cache import cache_folder
    from ..errors import NotFound
    from ..formats import inspect_model, model_files
    from ..hashing import files_sha256

    profile = inspect_model(path, cache_folder("profiles"))
    for format in formats:
        if format != profile.format:
            raise NotFound(f"format of file {str(path)!r}", format, [profile.format])
    samples = None if calibration is None else _calibration(calibration, profile.inputs)
    sha256 = files_sha256(model_files(path, profile))
    origin = {"step": "file", "name": path.name, "sha256": sha256}
    for recipe in _recipes(path, profile.format, variants, samples is not None):
        built = recipe.build(path, profile.format, samples, cache_folder("variants"))
        yield path.stem, replace(built, lineage=(origin, *built.lineage))


def _recipes(
    path: Path, format: str, names: tuple[str, ...], is_calibrated: bool
) -> list[Recipe]:
    """Return the recipes for a file: those named, or all for its format.

    Raises:
        Mistakes: some do not exist, or cannot be applied to it; all are told.
    """
    from .. import registry
    from ..errors import InputError, Mistakes, NotFound
    from ..recipe import find_recipe

    problems, found = [], []
    for name in names or registry.names(registry.RECIPES):
        try:
            recipe = find_recipe(name, lambda one: registry.find(registry.RECIPES, one))
        except InputError as exc:
            problems.append(str(exc))
            continue
        if format not in recipe.formats:
            kind, why = f"format of recipe {name!r}", recipe.reasons.get(format)
            told = str(NotFound(kind, format, recipe.formats, why))
            if names:
                problems.append(told)
            else:
                _tell_left_out(path.name, told)
        elif recipe.calibrated(format) and not is_calibrated:
            problems.append(
                f"recipe {name!r} needs calibration samples for {str(path)!r}; name a "
                ".npz file of some as --calibration"
            )
        else:
            found.append(recipe)
    if problems:
        raise Mistakes(problems)
    return found


def _tell_left_out(model: str, why: str) -> None:
    from ..terminal import printable

    click.echo(printable(f"{model}: left out: {why}"), err=True)


def _calibration(path: Path, inputs: Sequence[TensorSpec]) -> Calibration:
    from ..calibration import calibration_of
    from ..data import load_npz
    from ..sources import DataSource

    data = load_npz(path)
    source = DataSource(path.name, data.sha256, lambda: data)
    return calibration_of(source, None, inputs)


@command.command("show")
@click.argument("model")
@click.option("--variant", help="Of a reference model; else its first.")
@click.option("--format", help="Of a reference model; else its first.")
@json_option
def show(model: str, variant: str | None, format: str | None, as_json: bool) -> None:
    """Show what is known of a reference model's variant, or what a file holds.

    MODEL is the name of a reference model, or the path of any .onnx, .tflite or .hef
    file.
    """
    from ..errors import InputError

    path = _file(model)
    if path is None:
        found = _shown_reference(model, variant, format)
    elif variant or format:
        raise InputError(
            f"--variant or --format with the file {str(path)!r}, which is what it is; "
            "leave them out, or build variants with `tierbench models build`"
        )
    else:
        found = _shown_file(path)
    if as_json:
        _print_json(found)
        return
    from ..outline import outline

    for line in outline(found):
        click.echo(line)


def _shown_reference(
    name: str, variant: str | None, format: str | None
) -> dict[str, Any]:
    from .. import registry
    from ..cache import cache_folder
    from ..plain import to_plain

    model: ReferenceModel = registry.find(registry.MODELS, name)
    built = model.build(
        variant or model.variants[0],
        format or model.formats[0],
        cache_folder("variants"),
    )
    return {
        "model": model.name,
        "task": model.task,
        "variants": list(model.variants),
        "formats": list(model.formats),
        "evaluation_sha256": model.evaluation_sha256,
        "variant": built.recipe,
        **_shown_file(built.path),
        "lineage": to_plain(built.lineage),
    }


def _shown_file(path: Path) -> dict[str, Any]:
    from ..cache import cache_folder
    from ..formats import inspect_model, model_files
    from ..hashing import files_sha256
    from ..plain import to_plain

    profile = inspect_model(path, cache_folder("profiles"))
    files = model_files(path, profile)
    return {
        "file": str(path),
        "size_bytes": sum(file.stat().st_size for file in files),
        "sha256": files_sha256(files),
        "profile": {**to_plain(profile), "macs_total": profile.macs_total},
    }


def _file(model: str) -> Path | None:
    """Return the path that MODEL is, or None where it names a reference model.

    Raises:
        NotFound: it is neither.
    """
    from .. import registry
    from ..errors import NotFound
    from ..formats import SUFFIXES

    known = registry.names(registry.MODELS)
    if model in known:
        return None
    if Path(model).suffix.lower() not in SUFFIXES:
        raise NotFound(f"reference model or {FILES}", model, known)
    return Path(model)


def _print_rows(rows: list[dict[str, Any]]) -> None:
    """Print a table whose columns are the rows' keys."""
    from ..tables import print_table

    if rows:
        cells = [tuple(_cell(value) for value in row.values()) for row in rows]
        print_table(tuple(rows[0]), cells)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _print_json(value: Any) -> None:
    import json

    click.echo(json.dumps(value, indent=2))
