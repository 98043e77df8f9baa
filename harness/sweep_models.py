"""What each ``[[model]]`` of a sweep file names: models, files, variants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import InputError, NotFound
from .formats import SUFFIXES
from .recipe import find_recipe
from .sweep_checks import Found, as_list, file_problem, name_problem, repeated, tables
from .sweep_schema import shown, unknown
from .toml_lines import Location

SOURCE = "fp32"
"""The variant of a user's own file that is the file itself."""


def model_mistakes(
    content: Mapping[str, Any],
    folder: Path,
    models: Mapping[str, Any],
    recipes: Mapping[str, Any],
) -> Found:
    """Yield what is wrong with each ``[[model]]``: names, files, variants."""
    seen: dict[str, int] = {}
    for index, table in tables(content, "model"):
        where: Location = ("model", index)
        use, path = table.get("use"), table.get("path")
        if ("use" in table) == ("path" in table):
            yield where, "needs either 'use' (a reference model) or 'path' (a file)"
        if isinstance(use, str) and use not in models:
            yield (*where, "use"), unknown("reference model", use, sorted(models))
        if isinstance(path, str):
            yield from _model_file((*where, "path"), path, folder)
        yield from repeated((*where, "variants"), table.get("variants"))
        yield from _variant_mistakes(where, table, models)
        yield from _recipe_mistakes(where, table, recipes)
        name = model_name(table)
        if not isinstance(name, str):
            continue
        named = "name" in table or "path" in table
        if named and (problem := name_problem(name)):
            yield (*where, "name"), problem
        if name in seen:
            yield (
                (*where, "name"),
                f"{shown(name)} is also model[{seen[name]}]; give each its own 'name'",
            )
        seen.setdefault(name, index)


def model_name(table: Mapping[str, Any]) -> Any:
    """Return a model's name: given, the reference model's, or the file's stem."""
    if "name" in table:
        return table["name"]
    path = table.get("path")
    return Path(path).stem if isinstance(path, str) else table.get("use")


def _model_file(where: Location, value: str, folder: Path) -> Found:
    if problem := file_problem(folder, value):
        yield where, problem
    elif Path(value).suffix.lower() not in SUFFIXES:
        listed = ", ".join(SUFFIXES)
        yield where, f"must be a file that ends in one of {listed}, not {shown(value)}"


def _variant_mistakes(
    where: Location, table: Mapping[str, Any], models: Mapping[str, Any]
) -> Found:
    """Yield variants that a reference model does not have, and what it needs not."""
    use = table.get("use")
    if "calibration" in table and "path" not in table:
        yield (
            (*where, "calibration"),
            "a reference model brings its own calibration samples; leave it out",
        )
    if not isinstance(use, str) or use not in models or "path" in table:
        return
    for index, name in enumerate(as_list(table.get("variants"))):
        if not isinstance(name, str):
            continue
        try:
            models[use].check(name)
        except InputError as exc:
            yield (*where, "variants", index), str(exc)


def _recipe_mistakes(
    where: Location, table: Mapping[str, Any], recipes: Mapping[str, Any]
) -> Found:
    """Yield variants of a user's own file that no recipe can make."""
    path = table.get("path")
    if not isinstance(path, str):
        return
    if "calibration" in table and "variants" not in table:
        yield (
            (*where, "calibration"),
            "is for variants, and none are named; add 'variants' or leave it out",
        )
    format = SUFFIXES.get(Path(path).suffix.lower())
    for index, name in enumerate(as_list(table.get("variants"))):
        place = (*where, "variants", index)
        if not isinstance(name, str) or name == SOURCE:
            continue
        try:
            recipe = find_recipe(name, lambda asked: _known(asked, recipes))
        except NotFound as exc:
            yield place, unknown("recipe", exc.name, [SOURCE, *sorted(recipes)])
            continue
        except InputError as exc:
            yield place, str(exc)
            continue
        if format is None:
            continue
        if format not in recipe.formats:
            listed = " or ".join(recipe.formats)
            reason = recipe.reasons.get(format)
            why = f": {reason}" if reason else ""
            yield place, f"recipe {name!r} is for {listed} files, not {format}{why}"
        elif recipe.calibrated(format) and "calibration" not in table:
            yield (
                place,
                f"recipe {name!r} needs samples; give 'calibration', a .npz file or "
                "a folder of images",
            )


def _known(name: str, recipes: Mapping[str, Any]) -> Any:
    if name not in recipes:
        raise NotFound("recipe", name, recipes)
    return recipes[name]
