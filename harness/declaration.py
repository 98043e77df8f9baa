"""What a test declares in its mark: a sweep, and each case of it by its label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path, PurePath
from sys import float_info
from typing import Any

from .case_label import case_label
from .errors import InputError
from .narrow import narrowed
from .scenarios import LOAD_KEYS
from .sweep import ModelRequest, Sweep, TargetRequest, load_sweep, sweep_of
from .values import Scenario, Setting

SLOWER_MAX = "slower_max"
_OF_WORKLOAD = ("scenario", "batch", "seed", *LOAD_KEYS)
_OF_SWEEP = ("profile", "limits", "constraints")
_WHAT = ("sweep", "model", "path")
"""Arguments that name what to measure: one of them."""
_UNNAMED = ""
"""The key of a mark's arguments that have no name, which it does not take."""
_DEPTH_MAX = 8
"""Lists and tables within each other that an argument may have: two are of use."""
_AS_IS = "as is"
"""The variant of a file of which no others are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The arguments of a test's mark with what the session adds to them.

    ``source`` names the test, ``folder`` is where paths begin. ``arguments`` are JSON
    values (see ``plain``). ``targets`` and ``profile`` are the session's; with no
    targets the mark's own are measured. ``wanted`` are the labels of the cases whose
    tests will run, None for all.
    """

    source: str
    folder: str
    arguments: Mapping[str, Any]
    targets: tuple[str, ...] = ()
    profile: str | None = None
    wanted: tuple[str, ...] | None = None

    def wants(self, label: str) -> bool:
        """Return whether a test of this case will run."""
        return self.wanted is None or label in self.wanted

    @property
    def slower_max(self) -> float:
        """Return by which share a case may be slower than its baseline.

        Raises:
            InputError: the mark gives no such share.
        """
        found = self.arguments.get(SLOWER_MAX, 0.0)
        is_number = isinstance(found, int | float) and not isinstance(found, bool)
        if not is_number or not 0 <= found <= float_info.max:
            raise InputError(
                f"{self.source}: {SLOWER_MAX} {found!r}; a share from 0 is valid, "
                "0.05 for 5 %"
            )
        return float(found)

    def sweep(self) -> Sweep:
        """Return the sweep, of the session's targets only where it names some.

        Raises:
            InputError: all that is wrong in the mark or the file that it names.
        """
        if _UNNAMED in self.arguments:
            raise InputError(
                f"{self.source}: the mark tierbench has {self.arguments[_UNNAMED]!r} "
                "without a name; sweep=FILE, model=NAME or path=FILE is valid"
            )
        named = [key for key in _WHAT if key in self.arguments]
        if len(named) != 1:
            raise InputError(
                f"{self.source}: the mark tierbench names {named or 'nothing'}; "
                "give it one of sweep=FILE, model=NAME or path=FILE"
            )
        _ = self.slower_max
        found = self._from_file() if named == ["sweep"] else self._from_arguments()
        return narrowed(found, profile=self.profile)

    def _from_file(self) -> Sweep:
        unknown = sorted(set(self.arguments) - {"sweep", SLOWER_MAX})
        if unknown:
            raise InputError(
                f"{self.source}: the mark tierbench has {unknown}, which stand in the "
                f"sweep file; beside sweep={self.arguments['sweep']!r} only "
                f"{SLOWER_MAX} is valid"
            )
        found = load_sweep(Path(self.folder) / str(self.arguments["sweep"]))
        if not self.targets:
            return found
        return replace(found, targets=tuple(self._among(found.targets)))

    def _among(self, known: tuple[TargetRequest, ...]) -> Iterator[TargetRequest]:
        return (request for request in known if request.use in self.targets)

    def _from_arguments(self) -> Sweep:
        given = dict(self.arguments)
        given.pop(SLOWER_MAX, None)
        workload = {key: given.pop(key) for key in _OF_WORKLOAD if key in given}
        top = {key: given.pop(key) for key in _OF_SWEEP if key in given}
        targets = self._targets(given.pop("target", []))
        model = {"use" if key == "model" else key: given[key] for key in given}
        content = {
            "name": "pytest",
            "model": [model],
            "target": targets or [{"use": "sim"}],  # checked even if none is left
            **({"workload": workload} if workload else {}),
            **top,
        }
        found = sweep_of(content, self.source, Path(self.folder))
        return found if targets else replace(found, targets=())

    def _targets(self, own: Any) -> list[dict[str, Any]]:
        listed = own if isinstance(own, list) else [own]
        tables = [{"use": one} if isinstance(one, str) else one for one in listed]
        if not all(isinstance(table, dict) for table in tables):
            raise InputError(
                f"{self.source}: target {own!r}; a name, a table such as "
                "{'use': 'host-litert', 'threads': 2}, or a list of such is valid"
            )
        if not self.targets:
            return tables
        if not tables:
            return [{"use": name} for name in self.targets]
        return [table for table in tables if table.get("use") in self.targets]


def labels(sweep: Sweep) -> Iterator[tuple[str, str]]:
    """Yield (label, id) of every case of a sweep, nothing built or read yet.

    The label is that of ``Case``; the id is shorter, for a test's name.
    """
    for model in sweep.models:
        settings = [
            (target.use, chosen)
            for target in sweep.targets
            for chosen in target.settings
        ]
        for variant, (target, chosen), scenario, batch in product(
            variants(model), settings, sweep.scenarios, sweep.batches
        ):
            yield _named(model.name, variant, target, chosen, scenario, batch)


def variants(model: ModelRequest) -> tuple[str, ...]:
    """Return the variants of a model by name; a file without any is ``as is``."""
    return model.variants or (_AS_IS,)


def plain(value: Any, depth: int = _DEPTH_MAX) -> Any:
    """Return a mark's argument as JSON values; what is none of them as its text.

    A tuple is as good as a list, and a path as its text. The text of anything else is
    refused later by what is valid in its place, and so is what is left of lists within
    lists beyond ``depth``: a list may hold itself.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str | PurePath):
        return str(value)
    if depth == 0:
        return "..."
    if isinstance(value, Mapping):
        return {str(key): plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, depth - 1) for item in value]
    return repr(value)


def merged(outer: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mark's arguments over those of the class or module around it."""
    if any(key in inner for key in _WHAT):
        outer = {key: value for key, value in outer.items() if key not in _WHAT}
    return {**outer, **inner}


def _named(
    model: str,
    variant: str,
    target: str,
    settings: Mapping[str, Setting],
    scenario: Scenario,
    batch: int,
) -> tuple[str, str]:
    options = [f"{key}={settings[key]}" for key in sorted(settings)]
    label = case_label(model, variant, target, settings, scenario, batch)
    kind = [] if variant == _AS_IS else [variant]
    parts = [model, *kind, target, *options, str(scenario), f"batch{batch}"]
    return label, "-".join(parts)
