"""Techniques by name, tierbench's own and those of other packages alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...harness import registry

if TYPE_CHECKING:
    from .technique import Technique


def names() -> list[str]:
    """Return the names of all techniques that are installed, sorted."""
    return registry.names(registry.TECHNIQUES)


def find(name: str) -> Technique:
    """Return the technique of a name.

    Raises:
        NotFound: there is none.
        InfrastructureError: the package that offers it fails when imported.
    """
    technique: Technique = registry.find(registry.TECHNIQUES, name)
    return technique
