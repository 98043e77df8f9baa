"""Find targets, models and commands by name, built in or third party alike."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import InfrastructureError, NotFound

TARGETS = "tierbench.targets"
MODELS = "tierbench.models"
METERS = "tierbench.meters"
RECIPES = "tierbench.recipes"
TECHNIQUES = "tierbench.techniques"
SHIFTS = "tierbench.shifts"
COMMANDS = "tierbench.commands"
CATALOGUES = "tierbench.catalogues"


@cache
def _points(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def names(group: str) -> list[str]:
    """Return the names registered in an entry point group, sorted."""
    return sorted(_points(group))


def find(group: str, name: str) -> Any:
    """Return the object that an entry point names.

    Raises:
        NotFound: nothing of that name is installed; the known names are listed.
        InfrastructureError: the plug-in that offers it fails when imported.
    """
    points = _points(group)
    if name not in points:
        raise NotFound(group.removeprefix("tierbench.").removesuffix("s"), name, points)
    point = points[name]
    try:
        return point.load()
    except (Exception, SystemExit) as exc:
        raise InfrastructureError(
            f"{group} {name!r} cannot be loaded from {point.value!r}: "
            f"{type(exc).__name__}: {exc}; reinstall the package that offers it"
        ) from exc
