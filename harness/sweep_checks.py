"""What a sweep file's values stand for: names that must be known, files that must be.

Every check looks at the file's own values and passes over those of a wrong type, which
``sweep_schema`` reports, so that one mistake hides no other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

from .profiles import PROFILES
from .remote import is_remote, machine_of, remote_problem
from .sweep_schema import NAME_LENGTH_MAX, SOAK_MIN_S, SOAK_VALID, shown, unknown
from .target import Option
from .toml_lines import Location
from .values import Scenario, Setting, canonical_json

NEEDED = {
    Scenario.SERVER: ("server_p99_ms", "the 99th percentile to keep to, as 20.0"),
    Scenario.PIPELINE: ("frame_rate_fps", "the frames a second of one camera, as 60"),
}
"""The key without which a scenario says nothing."""

SETTINGS_MAX = 10_000

Found = Iterator[tuple[Location, str]]


def name_mistakes(content: Mapping[str, Any]) -> Found:
    """Yield what is wrong with the sweep's own name and profile."""
    name, profile = content.get("name"), content.get("profile")
    if isinstance(name, str) and (problem := name_problem(name)):
        yield ("name",), problem
    if isinstance(profile, str) and profile not in PROFILES:
        yield ("profile",), unknown("profile", profile, PROFILES)


def workload_mistakes(content: Mapping[str, Any]) -> Found:
    """Yield scenarios that are unknown or lack a key, and what stands twice."""
    workload = content.get("workload")
    if not isinstance(workload, dict):
        return
    soak_s = workload.get("soak_s")
    if isinstance(soak_s, int | float) and 0 < soak_s < SOAK_MIN_S:
        yield ("workload", "soak_s"), f"must be {SOAK_VALID}, not {soak_s!r}"
    for key in ("scenario", "batch"):
        yield from repeated(("workload", key), workload.get(key))
    for index, name in enumerate(as_list(workload.get("scenario"))):
        if not isinstance(name, str):
            continue
        place: Location = ("workload", "scenario", index)
        if name not in tuple(Scenario):
            yield place, unknown("scenario", name, tuple(Scenario))
            continue
        key, meaning = NEEDED.get(Scenario(name), ("", ""))
        if key and key not in workload:
            yield place, f"{name!r} needs the key {key!r}: {meaning}"


def target_mistakes(
    content: Mapping[str, Any], folder: Path, targets: Mapping[str, Any]
) -> Found:
    """Yield what is wrong with each ``[[target]]``: its name, Python and options."""
    seen: dict[str, int] = {}
    for index, table in tables(content, "target"):
        where: Location = ("target", index)
        use, python = table.get("use"), table.get("python")
        if isinstance(python, str):
            yield from python_mistakes((*where, "python"), python, folder)
        if not isinstance(use, str):
            continue
        if use not in targets:
            yield (*where, "use"), unknown("target", use, sorted(targets))
            continue
        options = {option.name: option for option in targets[use].options}
        wrong = list(_option_mistakes(where, table, options))
        yield from wrong
        if wrong:
            continue
        defaults = {name: option.default for name, option in options.items()}
        machine = _machine(python)
        for setting in settings(table, options):
            # A case is known by its settings: results of two Pythons would mix.
            key = canonical_json([use, machine, {**defaults, **setting}])
            if key in seen:
                same = "itself" if seen[key] == index else f"target[{seen[key]}]"
                what = f"the settings {setting!r}" if setting else "the defaults"
                yield where, f"measures {what} again, like {same}; name them once"
                break
            seen[key] = index


def _machine(python: Any) -> str | None:
    """Return the other machine that a Python is on; a wrong name stands for itself."""
    if not isinstance(python, str) or not is_remote(python):
        return None
    return python if remote_problem(python) else machine_of(python)


def settings(
    table: Mapping[str, Any], options: Mapping[str, Option]
) -> tuple[dict[str, Setting], ...]:
    """Return every combination of a target's option values, the last varying first."""
    combinations: list[dict[str, Setting]] = [{}]
    for name, value in _options(table).items():
        values = [
            float(item) if options[name].kind is float else item
            for item in as_list(value)
        ]
        combinations = [{**c, name: item} for c in combinations for item in values]
    return tuple(combinations)


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, nothing as an empty one, else the value alone in one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def tables(
    content: Mapping[str, Any], key: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield index and table of each ``[[key]]``."""
    found = content.get(key)
    if isinstance(found, list):
        yield from ((i, t) for i, t in enumerate(found) if isinstance(t, dict))


def _options(table: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in table.items() if k not in ("use", "python")}


def _option_mistakes(
    where: Location, table: Mapping[str, Any], options: Mapping[str, Option]
) -> Found:
    for name, value in _options(table).items():
        place = (*where, name)
        if name not in options:
            yield place, unknown("option", name, ["python", *options])
            continue
        if value == []:
            yield place, "must hold at least one value, not []"
        for index, item in enumerate(as_list(value)):
            if problem := _option_problem(options[name], item):
                yield (*place, index) if isinstance(value, list) else place, problem
        yield from repeated(place, value)
    count = prod(len(as_list(value)) for value in _options(table).values())
    if count > SETTINGS_MAX:
        yield where, f"options multiply to {count}; {SETTINGS_MAX} at most are valid"


def _option_problem(option: Option, value: object) -> str | None:
    if isinstance(value, (str, list, dict)) and len(repr(value)) > 200:
        return f"must be a {option.kind.__name__} of a sane length, not {shown(value)}"
    return option.problem(value)


def python_of(table: Mapping[str, Any], folder: Path) -> str | None:
    """Return a table's Python: a path from the folder, or one on another machine."""
    python: str | None = table.get("python")
    if python is None or is_remote(python):
        return python
    # Not resolved: a virtual environment's interpreter is a link that must stay.
    return str(folder / python)


def python_mistakes(where: Location, value: str, folder: Path) -> Found:
    """Yield why a text names no Python, here or on another machine."""
    if is_remote(value):
        if problem := remote_problem(value):
            yield where, problem
    elif problem := file_problem(folder, value):
        yield where, problem
    elif not os.access(folder / value, os.X_OK):
        yield where, f"must be an executable interpreter; {shown(value)} is not one"


def file_problem(folder: Path, value: str) -> str | None:
    """Return why a path does not name a regular file, or None if it does."""
    try:
        path = folder / value
        if path.is_file():
            return None
        kind = "is not a regular file" if path.exists() else "does not exist"
    except (OSError, ValueError) as exc:
        kind = f"cannot be a path ({getattr(exc, 'strerror', None) or exc})"
    return f"{shown(value)} {kind}; a path from the sweep file's folder is valid"


def name_problem(name: str) -> str | None:
    """Return why a text is no name for people, or None if it is."""
    if 0 < len(name) <= NAME_LENGTH_MAX and name.isprintable() and name.strip() == name:
        return None
    return (
        f"must be 1 to {NAME_LENGTH_MAX} printable characters without space at either "
        f"end, not {shown(name)}"
    )


def repeated(where: Location, value: Any) -> Found:
    """Yield each value of a list that stands there for the second time."""
    seen: list[tuple[type, Any]] = []
    for index, item in enumerate(as_list(value)):
        # A float equals its integer, but True is not 1.
        key = (bool if isinstance(item, bool) else object, item)
        if key in seen:
            yield (*where, index), f"{shown(item)} stands there twice; name it once"
        seen.append(key)
