"""The tables ``[[meter]]`` of a sweep file: meters that only a person can wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .meter import PowerMeter
from .sweep_checks import as_list, python_mistakes, python_of, tables
from .sweep_schema import shown, unknown
from .toml_lines import Location
from .values import Setting

OWN = ("use", "python", "target")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRequest:
    """A meter with its options; ``targets`` are those that it watches, none for all."""

    use: str
    python: str | None
    targets: tuple[str, ...]
    settings: Mapping[str, Setting]

    def watches(self, target: str) -> bool:
        """Return whether it watches a target."""
        return not self.targets or target in self.targets


def meter_mistakes(
    content: Mapping[str, Any], folder: Path, meters: Mapping[str, Any]
) -> Iterator[tuple[Location, str]]:
    """Yield what is wrong with each ``[[meter]]``: its name, options and targets."""
    used = [table.get("use") for _, table in tables(content, "target")]
    for index, table in tables(content, "meter"):
        where: Location = ("meter", index)
        watched = table.get("target")
        for place, name in enumerate(as_list(watched)):
            if isinstance(name, str) and name not in used:
                known = [target for target in used if isinstance(target, str)]
                at = (place,) if isinstance(watched, list) else ()
                yield (*where, "target", *at), unknown("target", name, known)
        use, python = table.get("use"), table.get("python")
        if isinstance(python, str):
            yield from python_mistakes((*where, "python"), python, folder)
        if not isinstance(use, str):
            continue
        if use not in meters:
            yield (*where, "use"), unknown("meter", use, sorted(meters))
            continue
        yield from _option_mistakes(where, table, meters[use])


def _option_mistakes(
    where: Location, table: Mapping[str, Any], meter: type[PowerMeter]
) -> Iterator[tuple[Location, str]]:
    options = {option.name: option for option in meter.options}
    wrong = False
    for name in meter.required:
        if name not in table:
            wrong = True
            yield where, f"{name} is missing; give {options[name].help}"
    for name, value in table.items():
        if name in OWN:
            continue
        if name not in options:
            wrong = True
            yield (*where, name), unknown("option", name, [*OWN[1:], *options])
        elif len(repr(value)) > 4096:
            wrong = True
            yield (*where, name), f"must be of a sane length, not {shown(value)}"
        elif problem := options[name].problem(value):
            wrong = True
            yield (*where, name), problem
    if not wrong:
        for name, problem in meter.mistakes(table):
            yield (*where, name), problem


def meter_requests(
    content: Mapping[str, Any], folder: Path, meters: Mapping[str, Any]
) -> tuple[MeterRequest, ...]:
    """Return the meters of a sweep without mistakes; paths begin in its folder."""
    return tuple(
        _request(table, folder, meters[table["use"]])
        for _, table in tables(content, "meter")
    )


def plain_meters(
    meters: Sequence[MeterRequest], folder: Path
) -> dict[str, list[dict[str, Any]]]:
    """Return the meters as JSON values; without any, a sweep's hash is as ever."""
    plain = []
    for meter in meters:
        settings = dict(meter.settings)
        path = Path(str(settings.get("path", "")))
        if path.is_relative_to(folder):
            settings["path"] = str(path.relative_to(folder))
        plain.append(
            {"use": meter.use, "targets": list(meter.targets), "settings": settings}
        )
    return {"meters": plain} if plain else {}


def _request(
    table: Mapping[str, Any], folder: Path, meter: type[PowerMeter]
) -> MeterRequest:
    kinds = {option.name: option.kind for option in meter.options}
    settings: dict[str, Setting] = {
        name: float(value) if kinds[name] is float else value
        for name, value in table.items()
        if name not in OWN
    }
    if "path" in settings:
        settings["path"] = str(folder / str(settings["path"]))
    return MeterRequest(
        use=table["use"],
        python=python_of(table, folder),
        targets=tuple(as_list(table.get("target"))),
        settings=settings,
    )
